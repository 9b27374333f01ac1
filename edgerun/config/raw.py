"""The native format as it is written: types, ranges and a description of every key.

What a key may refer to is checked by `build.py`; what a sentence says about a fault, by `explain.py`.
"""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from edgerun.config.raw_headers import ResponseHeadersPolicyTable
from edgerun.config.shapes import KeyHeaders, Methods, Names, OriginHeaders, Table, Use

CENTURY: Final = 3_153_600_000

_SHARED: Final = "belongs at the top of the file, where all distributions share it"

# What behaviors had before there were policies (`spec/cloudfront.md` §1.1), and what does the same.
_TTL: Final = "belongs in a cache policy: [cache_policies.NAME], which the behavior names as its cache_policy"
_LEGACY: Final = {
    "forwarded_values": "is CloudFront's older way: write [cache_policies.NAME], and [origin_request_policies.NAME] "
    "for what only the origin gets; edgerun import makes them of a distribution that has it",
    "trusted_signers": "is CloudFront's older way, with keys of an AWS account: use trusted_key_groups",
    "min_ttl": _TTL,
    "default_ttl": _TTL,
    "max_ttl": _TTL,
}

Ttl = Annotated[int, Field(ge=0, le=CENTURY)]


class CachePolicyTable(Table):
    """A cache policy: what makes the cache key, and for how long objects are kept."""

    min_ttl: Ttl = Field(0, description="Seconds an object is kept at least.")
    default_ttl: Ttl | None = Field(
        None, ge=0, le=CENTURY, description="Seconds without word of the origin; 86400, or min_ttl if larger."
    )
    max_ttl: Ttl | None = Field(
        None, ge=0, le=CENTURY, description="Seconds an object is kept at most; 31536000, or default_ttl if larger."
    )
    headers: KeyHeaders = Field("none", description="Headers in the cache key: 'none' or a list.")
    cookies: Names = Field("none", description="Cookies in the key: 'none', 'all', a list or { except = [..] }.")
    query_strings: Names = Field(
        "none", description="Query parameters in the key: 'none', 'all', a list or { except = [..] }."
    )
    gzip: bool = Field(False, description="Normalise Accept-Encoding and keep gzip apart in the key.")
    brotli: bool = Field(False, description="Normalise Accept-Encoding and keep brotli apart in the key.")


class OriginRequestPolicyTable(Table):
    """An origin request policy: what reaches the origin besides the cache key's parts."""

    headers: OriginHeaders = Field(
        "none",
        description="'none', 'all_viewer', a list, { except = [..] }, or { all_viewer = [..] } to add CloudFront-*.",
    )
    cookies: Names = Field("none", description="'none', 'all', a list or { except = [..] }.")
    query_strings: Names = Field("none", description="'none', 'all', a list or { except = [..] }.")


class OriginTable(Table):
    """An origin: a folder that behaves like an S3 bucket, a bucket, an HTTP server, or a function."""

    later: ClassVar[frozenset[str]] = frozenset({"origin_access_control"})

    directory: str | None = Field(None, description="A folder that behaves like an S3 bucket.")
    url: str | None = Field(
        None, description="http://HOST[:PORT] or https://HOST[:PORT]; {port} stands for a free port, with command."
    )
    bucket: str | None = Field(None, description="A bucket of S3, or of a server that speaks its protocol.")
    function: str | None = Field(None, description="Name of a function that answers, with a timeout of up to 900 s.")
    payload: Literal["function-url", "alb"] = Field(
        "function-url", description="The form of the function's events: that of its own URL, or of a load balancer."
    )
    multi_value: bool = Field(False, description="The load balancer gives and takes lists of header values.")
    region: str = Field("us-east-1", description="The bucket's region.")
    endpoint: str | None = Field(
        None,
        description="http://HOST[:PORT] or https://HOST[:PORT] of the bucket's server; AWS if left out.",
    )
    profile: str = Field("", description="Whose credentials sign, of AWS's own files; the environment's if left out.")
    sign: bool | None = Field(
        None, description="Sign what the bucket is asked: never, or always; if left out where there are credentials."
    )
    website: bool = Field(False, description="The folder behaves like the bucket's website endpoint.")
    index_document: str = Field("index.html", description="What a website answers for a folder.")
    error_document: str = Field("", description="What a website answers for an error.")
    list_bucket: bool = Field(False, description="A missing key is 404; if false 403, as on a private bucket.")
    domain_name: str | None = Field(
        None, description="The origin's name on AWS, which functions and the Host header see."
    )
    path: str = Field("", description="Put before the path of every request; starts with / and does not end with it.")
    custom_headers: dict[str, str] = Field(default_factory=dict, description="Headers that every request gets.")
    connection_attempts: int = Field(3, ge=1, le=3, description="How often to connect, 1 to 3.")
    connection_timeout: int = Field(10, ge=1, le=10, description="Seconds to connect, 1 to 10.")
    read_timeout: int = Field(30, ge=1, le=120, description="Seconds between two packets, 1 to 120.")
    keepalive_timeout: int = Field(5, ge=1, le=120, description="Seconds an idle connection is kept, 1 to 120.")
    response_completion_timeout: int | None = Field(
        None, ge=1, description="Seconds for the whole answer, at least read_timeout; no limit if left out."
    )
    origin_shield: str | None = Field(
        None, description="The region of Origin Shield: taken and without effect, since there is one cache here."
    )
    command: str = Field("", description="A program that is started and stopped with the server.")


class OriginGroupTable(Table):
    """An origin group: a second origin that is asked where the first one fails."""

    later: ClassVar[frozenset[str]] = frozenset({"selection_criteria"})

    primary: str = Field(description="Name of the origin that is asked first.")
    secondary: str = Field(description="Name of the origin that is asked where the first one fails.")
    status_codes: list[Literal[400, 403, 404, 416, 429, 500, 502, 503, 504]] = Field(
        min_length=1,
        description="Statuses that are failures; 502 or 503 is also no connection, 504 no answer in time.",
    )


class FunctionTable(Table):
    """A function and its limits."""

    handler: str = Field(
        description="FILE:NAME; NAME is 'handler' if left out; or MODULE.NAME as on AWS, together with root; or the "
        "file of a CloudFront Function. For a custom runtime the folder of its bootstrap, or with root whatever "
        "_HANDLER is to say."
    )
    runtime: (
        Literal[
            "python",
            "nodejs",
            "provided",
            "provided.al2",
            "provided.al2023",
            "cloudfront-js-1.0",
            "cloudfront-js-2.0",
        ]
        | None
    ) = Field(
        None,
        description="Inferred from the file if left out; 'provided' and its like run a bootstrap of your own, "
        "'cloudfront-js-' a CloudFront Function.",
    )
    root: str | None = Field(None, description="The folder that is LAMBDA_TASK_ROOT; the handler's if left out.")
    timeout: int = Field(
        3, ge=1, le=900, description="Seconds for one invocation, 1 to 30; to 900 for a function that is an origin."
    )
    memory: int = Field(128, ge=128, le=10_240, description="MB, 128 to 10240.")
    concurrency: int = Field(10, ge=1, le=1000, description="Environments at one time, 1 to 1000.")
    environment: dict[str, str] = Field(
        default_factory=dict,
        description="Environment variables of a function that is an origin; at the edge for --lenient only.",
    )
    python: str = Field("", description="The interpreter of a Python function, as that of a virtual environment.")
    key_value_store: str | None = Field(None, description="The store of a CloudFront Function, by name.")
    build: str = Field("", description="A shell command that writes the function's code, such as a bundler; it ends.")
    watch: list[str] | None = Field(
        None, min_length=1, description="Patterns of files whose change builds and loads it anew; ** crosses folders."
    )


class KeyValueStoreTable(Table):
    """A key-value store: what CloudFront Functions of runtime 2.0 read by `cf.kvs()`."""

    file: str = Field(description='A JSON file: AWS\'s {"data": [{"key": .., "value": ..}]}, or {"key": "value"}.')


class DefaultBehaviorTable(Table):
    """What happens to the paths that no other behavior matches."""

    later: ClassVar[frozenset[str]] = frozenset(
        {
            "grpc",
            "realtime_log_config",
            "field_level_encryption",
            "smooth_streaming",
        }
    )
    hints: ClassVar[dict[str, str]] = {
        **_LEGACY,
        "path_pattern": "the default behavior has no path_pattern: it takes what no other one matches",
    }

    origin: str = Field(description="Name of an origin or of an origin group.")
    cache_policy: str = Field(description="A cache policy: your own by name, or a managed one by name or id.")
    origin_request_policy: str | None = Field(None, description="An origin request policy, by name or id.")
    response_headers_policy: str | None = Field(None, description="A response headers policy, by name or id.")
    viewer_protocol_policy: Literal["allow-all", "https-only", "redirect-to-https"] = Field(
        "allow-all", description="What to do with plain HTTP."
    )
    allowed_methods: Methods = Field(["GET", "HEAD"], description="[GET, HEAD], [GET, HEAD, OPTIONS] or 'all'.")
    cached_methods: list[str] = Field(["GET", "HEAD"], description="[GET, HEAD] or [GET, HEAD, OPTIONS].")
    compress: bool = Field(False, description="Compress what enters the cache, with brotli or gzip.")
    trusted_key_groups: list[str] = Field(
        default_factory=list, description="Key groups by name; with any, requests need a signed URL or cookies."
    )
    viewer_request: Use | None = Field(None, description="The function that sees each viewer's request.")
    origin_request: Use | None = Field(None, description="The function that sees what goes to the origin.")
    origin_response: Use | None = Field(None, description="The function that sees what the origin answers.")
    viewer_response: Use | None = Field(None, description="The function that sees what goes to the viewer.")


class BehaviorTable(DefaultBehaviorTable):
    """What happens to the paths that match a pattern."""

    hints: ClassVar[dict[str, str]] = _LEGACY

    path_pattern: str = Field(
        description="Such as /images/*.jpg; * is any characters, also /, and ? exactly one; capitals count."
    )


class ErrorResponseTable(Table):
    """What to answer instead of an error, and how long the error is kept."""

    error_code: Literal[400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504] = Field(description="The error.")
    response_code: Literal[200, 400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504] | None = Field(
        None, description="The status to answer instead; together with response_page_path."
    )
    response_page_path: str | None = Field(None, description="The page to answer, such as /404.html.")
    error_caching_min_ttl: Ttl = Field(10, description="Seconds the error is kept at least.")


class GeoRestrictionTable(Table):
    """The countries that may see a distribution, or may not."""

    restriction_type: Literal["whitelist", "blacklist", "none"] = Field(
        description="whitelist: only these countries; blacklist: all others."
    )
    locations: list[str] = Field(default_factory=list, description="Two capital letters each, of ISO 3166-1.")


class PublicKeyTable(Table):
    """A key that checks the signatures of private content."""

    file: str = Field(description="The public key in PEM: RSA of 2048 bits, or ECDSA on P-256.")
    id: str | None = Field(None, description="What signers give as Key-Pair-Id; derived from its name if left out.")


class KeyGroupTable(Table):
    """Keys that behaviors trust together."""

    keys: list[str] = Field(description="Public keys by name.")


class StoreTable(Table):
    """Where cached objects are kept."""

    kind: Literal["memory", "lmdb", "redis"] = Field(
        default="memory",
        description="In memory, in a folder that processes share and that outlives them, or on a server for machines.",
    )
    size: str = Field(default="256MiB", description="What the store may hold, such as 256MiB.")
    max_object_size: str | None = Field(
        default=None, description="The largest object that is kept; 64MiB in memory, else 30GiB, if left out."
    )
    path: str | None = Field(default=None, description="The folder of an lmdb store; .edgerun/cache if left out.")
    url: str | None = Field(default=None, description="The server of a redis store, such as redis://127.0.0.1:6379/0.")
    tag_header: str | None = Field(
        default=None,
        description="The header by which origins give cache tags; if left out x-amz-meta-cache-tag, Cache-Tag and "
        "Surrogate-Key.",
    )


class AccessLogTable(Table):
    """The access log, as CloudFront's standard logs."""

    path: str = Field(description="A folder, which gets CloudFront's files, or a file such as access.log.")
    format: Literal["w3c", "json"] = Field("w3c", description="Lines of fields, or JSON objects as in version 2.")
    include_cookies: bool = Field(False, description="Whether cs(Cookie) tells the viewer's cookies.")
    prefix: str = Field("", description="Folders below the folder, such as shop/logs.")
    max_size: str = Field("100MiB", description="How large a file may grow before another is begun.")
    keep: int = Field(100, ge=1, le=100_000, description="Finished files that stay; the oldest goes.")
    gzip: bool = Field(True, description="Compress the finished files of a folder.")


class Rfc9111Table(Table):
    """What RFC 9111 leaves to a cache."""

    targeted_fields: list[str] = Field(
        default_factory=lambda: ["CDN-Cache-Control"],
        description="Response headers that replace Cache-Control for this cache, in this order; may be empty.",
    )
    default_ttl: Ttl | None = Field(
        None, ge=0, le=CENTURY, description="Seconds without word of the origin; left out: a tenth of the age, or none."
    )
    max_stale: Ttl = Field(86_400, description="Seconds for which an expired object answers when there is no origin.")
    request_directives: bool = Field(True, description="Whether Cache-Control of requests counts.")
    set_cookie: Literal["keep", "strip", "no-store"] = Field(
        "keep", description="keep Set-Cookie in stored objects, strip it from them, or store none that has it."
    )
    stale_beside_s_maxage: bool = Field(
        True, description="Whether stale-while-revalidate and stale-if-error count beside s-maxage."
    )


class DistributionTable(Table):
    """One distribution: its hosts, its behaviors in order, its error pages."""

    later: ClassVar[frozenset[str]] = frozenset({"logging", "web_acl", "viewer_certificate", "http_version", "staging"})
    hints: ClassVar[dict[str, str]] = dict.fromkeys(
        (
            *("origins", "origin_groups", "functions"),
            *("cache_policies", "origin_request_policies", "response_headers_policies"),
            *("store", "geo", "distributions", "key_value_stores", "public_keys", "key_groups"),
        ),
        _SHARED,
    )

    id: str | None = Field(None, description="The distribution's id; derived from its name if left out.")
    aliases: list[str] = Field(default_factory=list, description="Hosts it answers; none: all that no other claims.")
    caching: Literal["cloudfront", "rfc9111"] = Field(
        "cloudfront", description="The rules of caching: CloudFront's, or those of HTTP (RFC 9111)."
    )
    rfc9111: Rfc9111Table | None = Field(None, description="What is left to choose where caching is 'rfc9111'.")
    cache_status: bool | Literal["detailed"] = Field(
        False, description="Send Cache-Status (RFC 9211); 'detailed' with the cache key and the reason."
    )
    default_root_object: str = Field("", description="What / answers, such as index.html; without leading slash.")
    enabled: bool = Field(True, description="False: every request is refused.")
    geo_restriction: GeoRestrictionTable | None = Field(None, description="Which countries may see it.")
    default_behavior: DefaultBehaviorTable | None = Field(
        None, description="Required: what happens to the paths that no other behavior matches."
    )
    behaviors: list[BehaviorTable] = Field(default_factory=list, description="Tried in order; the first match wins.")
    access_log: AccessLogTable | None = Field(None, description="The access log; none if left out.")
    error_responses: list[ErrorResponseTable] = Field(default_factory=list, description="Custom error responses.")


class FileTable(DistributionTable):
    """The configuration of edgerun: one distribution, or several below `distributions`."""

    hints: ClassVar[dict[str, str]] = {}

    schema_address: str | None = Field(None, alias="$schema", description="For editors; edgerun does not read it.")
    distributions: dict[str, DistributionTable] = Field(
        default_factory=dict, description="Several distributions by name, chosen by their aliases."
    )
    origins: dict[str, OriginTable] = Field(default_factory=dict, description="Origins by name.")
    origin_groups: dict[str, OriginGroupTable] = Field(default_factory=dict, description="Origin groups by name.")
    functions: dict[str, FunctionTable] = Field(default_factory=dict, description="Functions by name.")
    key_value_stores: dict[str, KeyValueStoreTable] = Field(
        default_factory=dict, description="Key-value stores of CloudFront Functions by name."
    )
    cache_policies: dict[str, CachePolicyTable] = Field(default_factory=dict, description="Cache policies by name.")
    origin_request_policies: dict[str, OriginRequestPolicyTable] = Field(
        default_factory=dict, description="Origin request policies by name."
    )
    response_headers_policies: dict[str, ResponseHeadersPolicyTable] = Field(
        default_factory=dict, description="Response headers policies by name."
    )
    public_keys: dict[str, PublicKeyTable] = Field(default_factory=dict, description="Public keys by name.")
    key_groups: dict[str, KeyGroupTable] = Field(default_factory=dict, description="Key groups by name.")
    store: StoreTable = Field(default_factory=StoreTable, description="The store of cached objects.")
    geo: str | None = Field(
        None, description="Where viewers are: a file by network, such as geo.toml, or a MaxMind file (.mmdb)."
    )
