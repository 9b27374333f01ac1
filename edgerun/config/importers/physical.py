"""What `Ref` and `GetAtt` of a resource give: names and ARNs as AWS would make them, in one account and Region."""

from collections.abc import Callable, Mapping
from typing import Final

from edgerun.config.importers import arns
from edgerun.values import value

Make = Callable[[str], str]

# The property that names a resource, where there is one.
NAMED_BY: Final[Mapping[str, str]] = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::CloudFront::Function": "Name",
    "AWS::CloudFront::KeyValueStore": "Name",
    "AWS::S3::Bucket": "BucketName",
}
FUNCTIONS: Final = ("AWS::Lambda::Function", "AWS::Serverless::Function")
# Resources that point to a function: the property that does.
VERSIONS: Final[Mapping[str, str]] = {"AWS::Lambda::Version": "FunctionName", "AWS::Lambda::Alias": "FunctionName"}


@value
class Kind:
    """What can be asked of one type of resource.

    Attributes:
        ref: what `Ref` gives, from its name.
        attributes: what `GetAtt` gives, from its name.
    """

    ref: Make
    attributes: Mapping[str, Make]


def _same(name: str) -> str:
    return name


def _version(name: str) -> str:
    return f"{arns.lambda_arn(name)}:1"


def _bucket(name: str) -> str:
    return name.lower()


def _function() -> Kind:
    return Kind(ref=_same, attributes={"Arn": arns.lambda_arn, "Version": _version, "Alias": _version})


def _by_id() -> Kind:
    return Kind(ref=_same, attributes={"Id": _same})


KINDS: Final[Mapping[str, Kind]] = {
    "AWS::Lambda::Function": _function(),
    "AWS::Serverless::Function": _function(),
    "AWS::CloudFront::Function": Kind(
        ref=arns.cloudfront_arn,
        attributes={"FunctionARN": arns.cloudfront_arn, "FunctionMetadata.FunctionARN": arns.cloudfront_arn},
    ),
    "AWS::CloudFront::KeyValueStore": Kind(
        ref=_same,
        attributes={"Arn": lambda name: arns.cloudfront_arn(name, "key-value-store"), "Id": _same},
    ),
    "AWS::Lambda::Url": Kind(ref=_same, attributes={"FunctionUrl": arns.function_url}),
    "AWS::S3::Bucket": Kind(
        ref=_bucket,
        attributes={
            "Arn": lambda name: f"arn:aws:s3:::{name.lower()}",
            "DomainName": lambda name: f"{name.lower()}.s3.amazonaws.com",
            "RegionalDomainName": lambda name: f"{name.lower()}.s3.{arns.REGION}.amazonaws.com",
            "DualStackDomainName": lambda name: f"{name.lower()}.s3.dualstack.{arns.REGION}.amazonaws.com",
            "WebsiteURL": lambda name: f"http://{name.lower()}.s3-website-{arns.REGION}.amazonaws.com",
        },
    ),
    **{
        f"AWS::CloudFront::{name}": _by_id()
        for name in (
            *("CachePolicy", "OriginRequestPolicy", "ResponseHeadersPolicy", "PublicKey", "KeyGroup"),
            *("OriginAccessControl", "Distribution", "CloudFrontOriginAccessIdentity"),
        )
    },
}
