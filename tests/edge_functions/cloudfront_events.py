"""Events of the documented shape (spec/lambda-at-edge.md §2), and what AWS would say to a result."""

import importlib.util
import json
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "edge_functions"

# spec/lambda-at-edge.md §7.1 and §7.2
DISALLOWED = {
    *("connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("trailer", "upgrade", "x-accel-buffering", "x-accel-charset", "x-accel-limit-rate", "x-accel-redirect"),
    *("x-amzn-auth", "x-amzn-requestid", "x-cache", "x-forwarded-proto", "x-real-ip"),
}
READ_ONLY = {
    "viewer-request": {"cdn-loop", "content-length", "host", "transfer-encoding", "via"},
    "origin-request": {
        *("accept-encoding", "cdn-loop", "content-length", "if-modified-since", "if-none-match", "if-range"),
        *("if-unmodified-since", "transfer-encoding", "via"),
    },
    "origin-response": {"transfer-encoding", "via"},
    "viewer-response": {"warning", "via", "content-length", "content-encoding", "transfer-encoding"},
}


def module_of(file):
    """Import an example by its path."""
    spec = importlib.util.spec_from_file_location(f"example_{Path(file).stem}", EXAMPLES / file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(**headers):
    """Header dictionary from keyword arguments: user_agent="x" is one User-Agent line, a list is several."""
    made = {}
    for name, values in headers.items():
        key = name.replace("_", "-")
        made[key] = [{"key": key.title(), "value": v} for v in ([values] if isinstance(values, str) else values)]
    return made


def event(point, uri="/", *, querystring="", headers=None, origin=None, response=None, client_ip="198.51.100.23"):
    """One event as CloudFront sends it (spec §2.7)."""
    base = lines(host="d2edgerun0demo.cloudfront.net", user_agent="curl/8.5.0", accept="*/*")
    request = {
        "clientIp": client_ip,
        "headers": {**base, **(headers or {})},
        "method": "GET",
        "querystring": querystring,
        "uri": uri,
    }
    if point.startswith("origin"):
        via = "1.1 0a1b2c3d4e5f60718293a4b5c6d7e8f9.cloudfront.net (CloudFront)"
        request["headers"].update(lines(via=via, x_forwarded_for=client_ip, user_agent="Amazon CloudFront"))
        request["origin"] = origin or {
            "s3": {
                "authMethod": "none",
                "customHeaders": {},
                "domainName": "site.s3.us-east-1.amazonaws.com",
                "path": "",
                "region": "us-east-1",
            }
        }
    cf = {
        "config": {
            "distributionDomainName": "d2edgerun0demo.cloudfront.net",
            "distributionId": "E1EDGERUNDEMO",
            "eventType": point,
            "requestId": "q3Xk0Zb7n1Lw9e5VtR8yGmC4dUoJ2pHs6FiAaBNTzQrWYfMDvKxE0g==",
        },
        "request": request,
    }
    if response is not None:
        cf["response"] = response
    return {"Records": [{"cf": cf}]}


def answer(status="200", description="OK", **headers):
    """The `response` member of a response event."""
    base = lines(content_type="text/html", content_length="1234", date="Tue, 07 Apr 2026 10:00:00 GMT")
    return {"status": status, "statusDescription": description, "headers": {**base, **lines(**headers)}}


def value(message, name):
    """The single value of a header, or None."""
    found = message["headers"].get(name)
    if found is None:
        return None
    assert len(found) == 1, found
    return found[0]["value"]


def refusals(before, result):
    """Why AWS would refuse `result` as the answer to the event `before`; an empty list if it would not."""
    cf = before["Records"][0]["cf"]
    point = cf["config"]["eventType"]
    generated = point.endswith("request") and "status" in result
    given = {} if generated else cf["response" if point.endswith("response") else "request"]["headers"]
    headers = result.get("headers", {})
    found = [f"disallowed: {n}" for n in headers if n in DISALLOWED or n.startswith(("x-edge-", "x-amz-cf-"))]
    changed = (n for n in READ_ONLY[point] if values_of(given, n) != values_of(headers, n))
    found += [f"read-only: {name}" for name in changed]
    found += [f"no text: {n}" for n, hs in headers.items() for h in hs if not isinstance(h["value"], str)]
    found += [f"key {h['key']} under {n}" for n, hs in headers.items() for h in hs if h["key"].lower() != n]
    found += refused_members(result, cf, point)
    limit = 40_960 if point.startswith("viewer") else 1_048_576
    size = len(str(result.get("body", "")).encode()) + sum(
        len(n) + len(h["value"]) for n in headers for h in headers[n]
    )
    return found + ([] if size <= limit else [f"too large: {size}"])


def values_of(headers, name):
    return [line["value"] for line in headers.get(name, [])]


def refused_members(result, cf, point):
    if "status" in result:
        status = result["status"]
        found = [] if isinstance(status, str) and 200 <= int(status) <= 599 else [f"status {status!r}"]
        if point == "viewer-response" and status != cf["response"]["status"]:
            found.append("status changed at viewer-response")
        return found
    found = [] if result["uri"].startswith("/") and "?" not in result["uri"] else [f"uri {result['uri']!r}"]
    found += [f"{n} changed" for n in ("method", "clientIp") if result[n] != cf["request"][n]]
    if point == "origin-request" and len(result["origin"]) != 1:
        found.append("more than one origin")
    return found


def checked(handler, sent):
    """Call a handler with a copy of the event, as a worker would; the result must be one AWS accepts."""
    result = json.loads(json.dumps(handler(json.loads(json.dumps(sent)))))
    assert refusals(sent, result) == []
    return result
