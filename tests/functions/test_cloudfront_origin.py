"""The origins that CloudFront Functions choose: what each call makes of them, and what is refused (§4)."""

from dataclasses import replace

import pytest

from edgerun.distribution.choice import OriginChoice
from edgerun.distribution.origins import OriginSpec
from edgerun.errors import FunctionResultError
from edgerun.functions.cloudfront_origin import read_calls
from edgerun.functions.lambda_edge import Judge
from edgerun.http.headers import Headers

BUCKET = OriginSpec(
    kind="s3", domain_name="shop.s3.us-east-1.amazonaws.com", path="/site", region="us-east-1", connection_attempts=2
)
SERVER = OriginSpec(
    kind="custom",
    domain_name="api.example.com",
    path="/v1",
    custom_headers=Headers([(b"X-Token", b"s3cret")]),
    port=8443,
    read_timeout=20,
    keepalive_timeout=7,
    response_completion_timeout=60,
)
ORIGINS = {"site": BUCKET, "api": SERVER}
CONNECTION = {"port": 3000, "protocol": "http", "sslProtocols": ["TLSv1.2"]}


def chosen(*calls, configured=SERVER, headers=(), level="strict"):
    return read_calls(
        [{"method": method, "params": params} for method, params in calls],
        configured=configured,
        origins=ORIGINS,
        request_headers=frozenset(headers),
        judge=Judge.at(level, lambda warned: None),
    )


def updated(configured=SERVER, headers=(), **params):
    return chosen(("updateRequestOrigin", params), configured=configured, headers=headers)


def test_only_a_domain_name_keeps_path_headers_and_timeouts():
    choice = updated(domainName="eu.example.com")
    assert choice.host == "eu.example.com"
    spec = choice.spec
    assert (spec.kind, spec.domain_name, spec.path, spec.port) == ("custom", "eu.example.com", "/v1", 8443)
    assert spec.custom_headers == SERVER.custom_headers
    assert (spec.read_timeout, spec.keepalive_timeout, spec.response_completion_timeout) == (20, 7, 60)


def test_without_a_domain_name_the_host_stays_as_it_would_be():
    assert updated(originPath="/v2") == OriginChoice(spec=changed(SERVER, path="/v2"))


def changed(spec, **fields):
    return replace(spec, **fields)


@pytest.mark.parametrize(
    ("params", "fields"),
    [
        pytest.param({"originPath": ""}, {"path": ""}, id="no path"),
        pytest.param({"customHeaders": {}}, {"custom_headers": Headers()}, id="{} removes the headers"),
        pytest.param(
            {"customHeaders": {"x-a-b": "é"}},
            {"custom_headers": Headers([(b"X-A-B", "é".encode())])},
            id="headers replace the origin's",
        ),
        pytest.param({"connectionAttempts": 1}, {"connection_attempts": 1}, id="attempts"),
        pytest.param(
            {
                "timeouts": {
                    "readTimeout": 120,
                    "keepAliveTimeout": 1,
                    "connectionTimeout": 10,
                    "responseCompletionTimeout": 120,
                }
            },
            {
                "read_timeout": 120,
                "keepalive_timeout": 1,
                "connection_timeout": 10,
                "response_completion_timeout": 120,
            },
            id="timeouts",
        ),
        pytest.param({"timeouts": {"readTimeout": 30}}, {"read_timeout": 30}, id="one timeout"),
        pytest.param(
            {"customOriginConfig": CONNECTION},
            {"port": 3000, "protocol": "http", "ssl_protocols": ("TLSv1.2",)},
            id="connection",
        ),
        pytest.param(
            {
                "originShield": {"enabled": True, "region": "us-east-1"},
                "originAccessControlConfig": {
                    "enabled": True,
                    "signingBehavior": "always",
                    "signingProtocol": "sigv4",
                    "originType": "s3",
                },
                "sni": "tls.example.com",
                "allowedCertificateNames": ["*.example.com"],
                "mTLSConfig": "off",
            },
            {},
            id="what has no effect here",
        ),
    ],
)
def test_a_property_changes_what_it_names_and_nothing_else(params, fields):
    assert updated(**params) == OriginChoice(spec=changed(SERVER, **fields))


def test_a_host_header_of_its_own():
    assert updated(domainName="eu.example.com", hostHeader="shop.example").host == "shop.example"


def test_a_bucket_in_place_of_a_server_has_none_of_its_settings():
    spec = updated(domainName="eu.s3.eu-west-1.amazonaws.com").spec
    assert spec == OriginSpec(
        kind="s3", domain_name="eu.s3.eu-west-1.amazonaws.com", path="/v1", custom_headers=SERVER.custom_headers
    )


def test_a_server_in_place_of_a_bucket():
    spec = updated(BUCKET, domainName="api.example.com", customOriginConfig=CONNECTION).spec
    assert (spec.kind, spec.path, spec.port, spec.protocol) == ("custom", "/site", 3000, "http")
    assert spec.connection_attempts == 2


def test_another_bucket_keeps_the_kind():
    assert updated(BUCKET, domainName="other.s3.eu-west-1.amazonaws.com").spec.kind == "s3"


def test_a_configured_origin_is_selected_with_all_its_settings():
    assert chosen(("selectRequestOriginById", {"originId": "site"})) == OriginChoice(spec=BUCKET, origin="site")


def test_a_selected_origin_may_get_another_host():
    choice = chosen(("selectRequestOriginById", {"originId": "api", "hostHeader": "b.example", "sni": "c.example"}))
    assert choice == OriginChoice(spec=SERVER, origin="api", host="b.example")


def test_a_group_of_two():
    members = [{"originId": "api", "originOverrides": {"hostHeader": "b.example"}}, {"originId": "site"}]
    choice = chosen(
        ("createRequestOriginGroup", {"originIds": members, "failoverCriteria": {"statusCodes": [500, 503]}})
    )
    assert choice == OriginChoice(
        spec=SERVER,
        origin="api",
        host="b.example",
        secondary=OriginChoice(spec=BUCKET, origin="site"),
        failover=frozenset({500, 503}),
    )


def test_the_last_call_counts():
    calls = (("updateRequestOrigin", {"originPath": "/v2"}), ("selectRequestOriginById", {"originId": "site"}))
    assert chosen(*calls).spec == BUCKET
    assert chosen(*reversed(calls)).spec == changed(SERVER, path="/v2")


def group(members, codes=(500,), **more):
    given = {"originIds": members, "failoverCriteria": {"statusCodes": list(codes)}, **more}
    return ("createRequestOriginGroup", given)


def update(**params):
    return ("updateRequestOrigin", params)


def control(**more):
    usual = {"enabled": True, "signingBehavior": "always", "signingProtocol": "sigv4", "originType": "s3"}
    return update(originAccessControlConfig={**usual, **more})


REFUSED = [
    ("C602", update(domainName="a.example:3000"), "domainName"),
    ("C602", update(domainName="127.0.0.1"), "domainName"),
    ("C602", update(domainName="a." * 127 + "example"), "domainName"),
    ("C602", update(domainName=5), "domainName"),
    ("C602", update(hostHeader="a:1"), "hostHeader"),
    ("C602", update(sni="a b"), "sni"),
    ("C602", update(domainName="A.s3.amazonaws.com", originShield={"enabled": False}), None),
    ("C603", update(originPath="v2"), "originPath"),
    ("C603", update(originPath="/v2/"), "originPath"),
    ("C603", update(originPath="/"), "originPath"),
    ("C603", update(originPath="/a b"), "originPath"),
    ("C603", update(originPath="/" + "a" * 255), "originPath"),
    ("C604", update(customHeaders=[]), "customHeaders"),
    ("C604", update(customHeaders={"X-A": "b"}), "customHeaders['X-A']"),
    ("C604", update(customHeaders={"x-a": 5}), "customHeaders['x-a']"),
    ("C604", update(customHeaders={"x-a": "b\nc"}), "customHeaders['x-a']"),
    ("C604", update(customHeaders={"x-a": "b" * 1_784}), "customHeaders['x-a']"),
    ("C604", update(customHeaders={f"x-{n}": "b" for n in range(31)}), "customHeaders"),
    ("C605", update(customHeaders={"x-edge-a": "b"}), "customHeaders['x-edge-a']"),
    ("C605", update(customHeaders={"host": "b"}), "customHeaders['host']"),
    ("C607", update(connectionAttempts=0), "connectionAttempts"),
    ("C607", update(connectionAttempts=4), "connectionAttempts"),
    ("C607", update(connectionAttempts=True), "connectionAttempts"),
    ("C607", update(timeouts={"readTimeout": 121}), "timeouts.readTimeout"),
    ("C607", update(timeouts={"keepAliveTimeout": 0}), "timeouts.keepAliveTimeout"),
    ("C607", update(timeouts={"connectionTimeout": 11}), "timeouts.connectionTimeout"),
    ("C607", update(timeouts={"responseCompletionTimeout": 19}), "timeouts.responseCompletionTimeout"),
    ("C607", update(timeouts={"readTimeout": 61}), "timeouts.responseCompletionTimeout"),
    ("C609", update(timeouts={"idle": 1}), "timeouts.idle"),
    ("C608", update(timeouts=5), "timeouts"),
    ("C607", update(customOriginConfig={**CONNECTION, "port": 22}), "customOriginConfig.port"),
    ("C607", update(customOriginConfig={**CONNECTION, "protocol": "match-viewer"}), "customOriginConfig.protocol"),
    ("C607", update(customOriginConfig={**CONNECTION, "sslProtocols": ["TLSv1.3"]}), "customOriginConfig.sslProtocols"),
    ("C607", update(customOriginConfig={**CONNECTION, "ipAddressType": "ipv4"}), "customOriginConfig.ipAddressType"),
    ("C608", update(customOriginConfig={"port": 80}), "customOriginConfig.protocol"),
    ("C608", update(customOriginConfig=[]), "customOriginConfig"),
    ("C608", update(originShield={"region": "us-east-1"}), "originShield"),
    ("C608", update(originShield={"enabled": True}), "originShield.region"),
    ("C608", update(originAccessControlConfig={}), "originAccessControlConfig"),
    ("C607", control(signingBehavior="sometimes"), "originAccessControlConfig.signingBehavior"),
    ("C607", control(originType="gcs"), "originAccessControlConfig.originType"),
    ("C607", update(allowedCertificateNames=["a"] * 21), "allowedCertificateNames"),
    ("C607", update(allowedCertificateNames=["a" * 65]), "allowedCertificateNames"),
    ("C607", update(mTLSConfig="on"), "mTLSConfig"),
    ("C609", update(domain="a.example"), "domain"),
    ("C610", ("selectRequestOriginById", {"originId": "nope"}), "originId"),
    ("C610", ("selectRequestOriginById", {}), "originId"),
    ("C609", ("selectRequestOriginById", {"originId": "site", "originPath": "/"}), "originPath"),
    ("C602", ("selectRequestOriginById", {"originId": "site", "hostHeader": "1.2.3.4"}), "hostHeader"),
    ("C611", group([{"originId": "site"}]), "originIds"),
    ("C611", group(["site", "api"]), "originIds"),
    ("C610", group([{"originId": "site"}, {"originId": "x"}]), "originIds[1].originId"),
    ("C608", group([{"originId": "site", "originOverrides": 5}, {"originId": "api"}]), "originIds[0].originOverrides"),
    ("C611", group([{"originId": "site"}, {"originId": "api"}], codes=[200]), "failoverCriteria.statusCodes"),
    ("C611", group([{"originId": "site"}, {"originId": "api"}], codes=[]), "failoverCriteria.statusCodes"),
    ("C611", group([{"originId": "site"}, {"originId": "api"}], selectionCriteria="best"), "selectionCriteria"),
    ("C609", group([{"originId": "site"}, {"originId": "api"}], more=1), "more"),
    ("C608", ("updateRequestOrigin", None), ""),
    ("C609", ("inventOrigin", {}), ""),
]


@pytest.mark.parametrize(("rule", "call", "path"), [pytest.param(*row, id=f"{row[0]} {row[2]}") for row in REFUSED])
def test_an_argument_out_of_its_range_is_refused_with_its_place(rule, call, path):
    with pytest.raises(FunctionResultError) as caught:
        chosen(call)
    assert caught.value.rule == rule
    if path is not None:
        assert caught.value.path == f"cf.{call[0]}" + (f".{path}" if path else "")


def test_a_custom_header_is_not_in_the_requests_headers_too():
    assert updated(customHeaders={"x-a": "b"}, headers={"x-b"}).spec.custom_headers
    with pytest.raises(FunctionResultError) as caught:
        updated(customHeaders={"x-a": "b"}, headers={"x-a"})
    assert (caught.value.rule, caught.value.path) == ("C606", "cf.updateRequestOrigin.customHeaders['x-a']")
    assert updated(originPath="/v2", headers={"x-token"}).spec.custom_headers == SERVER.custom_headers


def test_the_lenient_level_takes_an_address_and_ignores_what_it_does_not_know():
    choice = chosen(update(domainName="127.0.0.1", colour="red"), level="lenient")
    assert choice.spec.domain_name == "127.0.0.1"
