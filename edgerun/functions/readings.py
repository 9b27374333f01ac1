"""What AWS leaves open about functions, as named switches, and what each of the three levels makes of them.

A reading is a question that Amazon's pages do not answer, or answer twice (`spec/lambda-at-edge.md` §13). The table
names it, and the words that the default, the pedantic and the lenient level choose. Words of a rule's reading say what
breaking the rule means: `refuse` is a 502, everything else goes on with a warning.
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from edgerun.values import value

Strictness = Literal["strict", "pedantic", "lenient"]
REFUSE: Final = "refuse"


@value
class Reading:
    """One open question.

    Attributes:
        name: the switch; a field of `Readings`, unless `fixed`.
        section: where `spec/lambda-at-edge.md` has it.
        question: in one sentence.
        default, pedantic, lenient: the word that each level chooses.
        fixed: one answer is built in; there is no switch for another.
    """

    name: str
    section: str
    question: str
    default: str
    pedantic: str
    lenient: str
    fixed: bool = False


@value
class Readings:
    """The chosen answers; the defaults are those of the default level.

    `forgiving` is no reading: it says that refusals of which sense can be made are forgiven (`Rule.lenient`).
    """

    forgiving: bool = False
    key_unlike_name: str = "warn"
    status_at_viewer_response: str = REFUSE
    body_at_viewer_response: str = "warn"
    changed_read_only_member: str = "warn"
    viewer_response_by_status: str = "origin"
    body_of_none: str = "object"
    memory_at_viewer_points: str = "warn"
    kilobyte: str = "1024"
    base64_size: str = "encoded"
    querystring_mark: str = "warn"
    repeated_single_value: str = "warn"
    header_in_two_cases: str = "warn"
    missing_querystring: str = "warn"
    missing_origin: str = "warn"
    missing_origin_field: str = "warn"
    empty_body_with_204: str = "no body"
    body_with_bodyless_status: str = "warn"
    length_of_kept_body: str = "warn"
    failover_without_connection: str = "502 or 503"


def _open(name: str, section: str, question: str, default: str, pedantic: str, lenient: str) -> Reading:
    return Reading(name=name, section=section, question=question, default=default, pedantic=pedantic, lenient=lenient)


def _fixed(name: str, section: str, question: str, answer: str) -> Reading:
    return Reading(
        name=name, section=section, question=question, default=answer, pedantic=answer, lenient=answer, fixed=True
    )


READINGS: Final[Mapping[str, Reading]] = MappingProxyType(
    {
        reading.name: reading
        for reading in (
            _open("key_unlike_name", "§13.1", "A header's `key` names another header.", "warn", REFUSE, "warn"),
            _open(
                "status_at_viewer_response", "§13.2", "viewer-response changes the status.", REFUSE, REFUSE, "ignored"
            ),
            _open("body_at_viewer_response", "§13.2", "viewer-response returns a body.", "warn", REFUSE, "warn"),
            _open(
                "changed_read_only_member", "§13.3", "A request's method or clientIp changes.", "warn", REFUSE, "warn"
            ),
            _open(
                "viewer_response_by_status",
                "§13.4",
                "Whose status from 400 on keeps viewer-response from running: the origin's, or the final one.",
                "origin",
                "origin",
                "origin",
            ),
            _open(
                "body_of_none",
                "§13.8",
                "What `body` is with Include Body when the request has none: an object, or absent.",
                "object",
                "absent",
                "object",
            ),
            _open(
                "memory_at_viewer_points",
                "§13.10",
                "A function at a viewer point has over 128 MB.",
                "warn",
                REFUSE,
                "warn",
            ),
            _open(
                "kilobyte", "§13.11", "How many bytes a KB of the 40 KB at viewer points has.", "1024", "1000", "1024"
            ),
            _open(
                "base64_size",
                "§13.11",
                "Which form of a response's base64 body counts.",
                "encoded",
                "encoded",
                "decoded",
            ),
            _open("querystring_mark", "§13.13", "The querystring starts with `?`.", "warn", REFUSE, "stripped"),
            _open(
                "repeated_single_value", "§13.17", "A header that takes one value has several.", "warn", REFUSE, "warn"
            ),
            _open("header_in_two_cases", "§13.18", "A header stands in headers twice.", "warn", REFUSE, "warn"),
            _open("missing_querystring", "§2.3", "A returned request has no querystring.", "warn", REFUSE, "warn"),
            _open("missing_origin", "§2.3", "origin-request returns no origin.", "warn", REFUSE, "warn"),
            _open("missing_origin_field", "§2.5", "A returned origin lacks a field.", "warn", REFUSE, "warn"),
            _open(
                "empty_body_with_204",
                "§4.2",
                "Status 204 of viewer-request with an empty body.",
                "no body",
                REFUSE,
                "no body",
            ),
            _open("body_with_bodyless_status", "§4.2", "A body with status 204 or 304.", "warn", REFUSE, "warn"),
            _open(
                "length_of_kept_body",
                "§5.1",
                "Content-Length changes and the origin's body stays.",
                "warn",
                REFUSE,
                "warn",
            ),
            _open(
                "failover_without_connection",
                "§9 of CloudFront",
                "Which status an origin group has to name to fail over when its first origin cannot be connected to.",
                "502 or 503",
                "503",
                "502 or 503",
            ),
            _fixed("viewer_response_after_generated", "§13.5", "viewer-response after origin-request answered.", "run"),
            _fixed(
                "origin_response_in_groups",
                "§13.6",
                "origin-response in an origin group, and an answer of origin-request with a status that fails over.",
                "only on the answer that is used, and no failover",
            ),
            _fixed("function_failures", "§13.7", "Failures of functions.", "not cached, error pages unless throttled"),
            _fixed("default_root_object", "§13.9", "When `/` becomes the root object.", "before everything"),
            _fixed("timeout", "§13.12", "What a timeout is.", "execution error"),
            _fixed("server_and_date", "§13.14", "Server and Date of a generated response.", "the function's"),
            _fixed("head_of_generated", "§13.16", "HEAD with a generated body.", "its length, no body"),
            _fixed("s3_read_timeout", "§13.19", "readTimeout of an s3 origin.", "no event has it, results may"),
            _fixed("access_control", "§13.22", "authMethod with origin access control.", "none"),
            _fixed(
                "compute_utilization",
                "§5 of CloudFront Functions",
                "A run comes near the time that is allowed, taken as 1 ms.",
                "warn",
            ),
            _fixed("distribution_id", "§13.23", "distributionID or distributionId.", "distributionId"),
        )
    }
)


def _preset(level: Literal["default", "pedantic", "lenient"]) -> Readings:
    words = {name: getattr(reading, level) for name, reading in READINGS.items() if not reading.fixed}
    return dataclasses.replace(Readings(forgiving=level == "lenient"), **words)


PRESETS: Final[Mapping[Strictness, Readings]] = MappingProxyType(
    {"strict": _preset("default"), "pedantic": _preset("pedantic"), "lenient": _preset("lenient")}
)
STRICT: Final = PRESETS["strict"]
