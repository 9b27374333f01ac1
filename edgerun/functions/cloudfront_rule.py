"""One row of the rules of CloudFront Functions (`spec/cloudfront-functions.md` §2, §4, §6).

A sample is JavaScript in the body of `function handler(event)`, where `request` and `response` are those of the event;
what it does not return itself, it returns changed. Those with `cf` begin with `import cf from 'cloudfront';`.
"""

from typing import Final

from edgerun.functions.lambda_rule import Rule, Sample

INVALID: Final = "The CloudFront function returned an invalid value: "
VIEWER_REQUEST: Final = "viewer-request"
VIEWER_RESPONSE: Final = "viewer-response"


def cloudfront_rule(  # noqa: PLR0913  # one row of the table
    rule: str,
    title: str,
    says: str,
    fix: str,
    sample: tuple[str, str, str],
    *,
    section: str = "§6",
    limit: str = "",
    lenient: str = "",
    reading: str = "",
) -> Rule:
    """Return a rule.

    Args:
        rule: its id.
        title: what must be.
        says: what CloudFront's sentence says after its beginning, with `{path}` to fill in; "" for a warning.
        fix: the way out.
        sample: point, failing and passing function.
        section: as in `Rule`, like those that follow.
        limit: likewise.
        lenient: likewise.
        reading: likewise.
    """
    point, failing, passing = sample
    return Rule(
        id=rule,
        title=title,
        section=section,
        page=f"{INVALID}{says}" if says else "",
        fix=fix,
        limit=limit,
        lenient=lenient,
        reading=reading,
        sample=Sample(point=point, failing=failing, passing=passing),
        dialect="CloudFront Functions",
    )
