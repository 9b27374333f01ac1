"""What a rule of the Lambda@Edge dialect is."""

from edgerun.values import value


@value
class Rule:
    """One rule of the Lambda@Edge dialect.

    Attributes:
        id: `L` and three digits; the first digit groups by subject.
        title: what must be, as one sentence without its full stop.
        section: where `spec/lambda-at-edge.md` has it.
        page: CloudFront's sentence on the error page (§9.4); "" for a forgiven rule.
        log: CloudFront's log sentence, with `{name}` and `{character}` to fill in; "" when it repeats the page.
        fix: what the author of the function should do.
        forgiven: breaking it is a warning at the default level, because AWS is unclear (§13).
    """

    id: str
    title: str
    section: str
    page: str = ""
    log: str = ""
    fix: str
    forgiven: bool = False
