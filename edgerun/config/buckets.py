"""Buckets as origins: from a table to a value."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Final

from edgerun.config import raw
from edgerun.config.bench import Bench
from edgerun.config.faults import Key, shown
from edgerun.distribution.origins import BucketOrigin

# A bucket's and a region's name, as they stand in host names.
_BUCKET: Final = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)*")
_REGION: Final = re.compile(r"[a-z0-9-]{1,32}")
_PORTS: Final = {"http": 80, "https": 443}
_NO_BOTOCORE: Final = "needs botocore, which is not installed: pip install 'edgerun[aws]'"


def bucket_origin(
    key: Key, table: raw.OriginTable, common: Mapping[str, Any], reached: tuple[str, str, int] | None, bench: Bench
) -> BucketOrigin | None:
    """Return an origin that is a bucket.

    Args:
        key: where its table stands.
        table: with `bucket`.
        common: what all origins have.
        reached: scheme, host and port of its `endpoint`; None for S3 itself.
        bench: where faults go.
    """
    bucket = table.bucket or ""
    if not 3 <= len(bucket) <= 63 or not _BUCKET.fullmatch(bucket):
        bench.fault((*key, "bucket"), f"expected 3 to 63 small letters, digits, '-' and '.', got {shown(bucket)}")
        return None
    if not _REGION.fullmatch(table.region):
        bench.fault((*key, "region"), f"expected a region such as 'eu-west-1', got {shown(table.region)}")
    if table.profile and table.sign is False:
        bench.fault((*key, "profile"), "is of no use with sign = false")
    if table.sign is not False and find_spec("botocore") is None:
        if table.sign or table.profile:
            bench.fault((*key, "sign"), _NO_BOTOCORE)
        else:
            bench.note((*key, "bucket"), f"is asked without signatures: signing {_NO_BOTOCORE}")
    own = f"{bucket}.s3.{table.region}.amazonaws.com"
    scheme, host, port = reached or ("https", own, 443)
    return BucketOrigin(
        **common,
        bucket=bucket,
        domain_name=(table.domain_name or own).lower(),
        region=table.region,
        scheme="http" if scheme == "http" else "https",
        host=host.strip("[]"),
        port=port,
        path_style=reached is not None,
        host_header=host if port == _PORTS[scheme] else f"{host}:{port}",
        profile=table.profile,
        sign=table.sign if find_spec("botocore") is not None else False,
    )
