"""All rules of both dialects by id: L… of Lambda@Edge, C… of CloudFront Functions."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edgerun.functions.cloudfront_rules import CLOUDFRONT_RULES
from edgerun.functions.lambda_rule import Rule
from edgerun.functions.rules import RULES

RULEBOOK: Final[Mapping[str, Rule]] = MappingProxyType({**RULES, **CLOUDFRONT_RULES})
