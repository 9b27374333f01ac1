"""A rule as it is explained: what it says, what AWS says when it is broken, what each level does, and examples."""

from typing import Final

from edgerun.functions.cloudfront_rules import CLOUDFRONT_RULES
from edgerun.functions.lambda_rule import Rule
from edgerun.functions.readings import READINGS

NO_PAGE: Final = "The Lambda function result failed validation."
MEANINGS: Final = {"refuse": "refused", "warn": "warning"}
VALIDATION: Final = "ERROR Validation error: "


def record(rule: Rule) -> dict[str, str]:
    """Return everything about a rule, as JSON has it."""
    return {
        "rule": rule.id,
        "title": rule.title,
        "section": rule.section,
        "page": rule.page or NO_PAGE,
        "log": "" if rule.id in CLOUDFRONT_RULES else VALIDATION + (rule.log or rule.page or NO_PAGE),
        "limit": rule.limit,
        "fix": rule.fix,
        "reading": rule.reading,
        **levels(rule),
        "point": rule.sample.point,
        "failing": rule.sample.failing,
        "passing": rule.sample.passing,
    }


def levels(rule: Rule) -> dict[str, str]:
    """Return what breaking a rule means at each level: `refused`, `warning`, or what is done instead."""
    if rule.reading:
        reading = READINGS[rule.reading]
        words = {"strict": reading.default, "pedantic": reading.pedantic, "lenient": reading.lenient}
        return {level: MEANINGS.get(word, f"warning, {word}") for level, word in words.items()}
    return {"strict": "refused", "pedantic": "refused", "lenient": rule.lenient or "refused"}
