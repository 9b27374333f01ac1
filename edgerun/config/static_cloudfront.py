"""What can be found wrong with CloudFront Functions by reading them: grammar, size, what their engine does not have."""

from collections.abc import Iterable
from typing import Final

from edgerun.config.finding import Finding
from edgerun.distribution.model import Config, Point, is_cloudfront
from edgerun.functions.function import Function

COULD_NOT_RUN: Final = (
    "The CloudFront function associated with the CloudFront distribution is invalid or could not run."
)
_VIEWER_POINTS: Final = (Point.VIEWER_REQUEST, Point.VIEWER_RESPONSE)


def cloudfront_findings(config: Config) -> tuple[list[Finding], list[Finding]]:
    """Return what AWS would not run, and what may fail there or is in no list of its guide.

    Args:
        config: a configuration that can be loaded.
    """
    refused: list[Finding] = []
    doubtful: list[Finding] = []
    for function in filter(is_cloudfront, config.functions.values()):
        for finding, fatal in _read(function, _points(function, config)):
            (refused if fatal else doubtful).append(finding)
    return refused, doubtful


def _points(function: Function, config: Config) -> frozenset[str]:
    """Return where a function is associated."""
    return frozenset(
        point.value
        for distribution in config.distributions
        for behavior in distribution.all_behaviors
        for point in _VIEWER_POINTS
        if (use := behavior.function_at(point)) is not None and use.function.name == function.name
    )


def _read(function: Function, points: frozenset[str]) -> Iterable[tuple[Finding, bool]]:
    from edgerun.functions.cloudfront_js_parts import check, program  # noqa: PLC0415  # only where there is one

    file = program.file_of(function)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        finding = Finding(
            code="handler-file-unreadable",
            function=function.name,
            file=str(file),
            message=f"cannot be read: {why}",
            fix="Make the file readable.",
        )
        return [(finding, True)]
    found = check.check(text, function.runtime, event_types=points)  # type: ignore[arg-type]
    return [
        (
            Finding(
                code=f"js-{each.rule}",
                function=function.name,
                file=str(file),
                line=each.line,
                message=each.message,
                aws=f"{COULD_NOT_RUN} SyntaxError: {each.message}" if each.level == "error" else "",
                fix=each.fix,
            ),
            each.level == "error",
        )
        for each in found
    ]
