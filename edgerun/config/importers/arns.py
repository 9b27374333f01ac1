"""What AWS's names of things tell: which function an ARN means, which bucket a host."""

import re
from typing import Final

REGION: Final = "us-east-1"
ACCOUNT: Final = "123456789012"

_LAMBDA: Final = re.compile(r"arn:[\w-]+:lambda:[\w-]*:\d*:function:([A-Za-z0-9_-]+)(?::[\w$-]+)?")
_REGION: Final = re.compile(r"[.-]([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com")
_CLOUDFRONT: Final = re.compile(r"arn:[\w-]+:cloudfront::\d*:(?:function|key-value-store)/([A-Za-z0-9_-]+)")
_BUCKET: Final = re.compile(
    r"(?P<bucket>.+?)\.s3(?P<site>-website)?(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com(?:\.cn)?",
    re.IGNORECASE,
)


def lambda_name(text: str) -> str:
    """Return the function of an ARN; "" if it is none."""
    match = _LAMBDA.fullmatch(text)
    return match[1] if match else ""


def cloudfront_name(text: str) -> str:
    """Return the CloudFront Function or key-value store of an ARN; "" if it is none."""
    match = _CLOUDFRONT.fullmatch(text)
    return match[1] if match else ""


def bucket_of(host: str) -> tuple[str, bool]:
    """Return the bucket of a host and whether it is its website endpoint; "" if the host is no bucket's."""
    match = _BUCKET.fullmatch(host)
    return (match["bucket"], match["site"] is not None) if match else ("", False)


def region_of(host: str) -> str:
    """Return the Region in a bucket's host; "" if it names none."""
    match = _REGION.search(host)
    return match[1] if match else ""


def function_url(name: str) -> str:
    """Return a function URL as AWS would make it, by the name of its resource."""
    return f"https://{name.lower()}.lambda-url.{REGION}.on.aws/"


def lambda_arn(name: str) -> str:
    """Return the ARN of a function."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def cloudfront_arn(name: str, kind: str = "function") -> str:
    """Return the ARN of a CloudFront Function or a key-value store."""
    return f"arn:aws:cloudfront::{ACCOUNT}:{kind}/{name}"
