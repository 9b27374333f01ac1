"""Sticky A/B test of the home page.

Event:      viewer-request  -> ab_test.py:viewer_request
            viewer-response -> ab_test.py:viewer_response
Configure:  both on the behavior that serves "/". The cache policy needs no cookie: the variant is a URI of its own,
            so each variant has one cache entry and every viewer of it shares that entry.

A viewer with the cookie shop-variant=a or =b keeps that variant. A viewer without one is put in a group by a hash of
address and User-Agent, so the choice is the same on every request even where cookies are refused. The choice travels
in the request header x-shop-variant, which viewer-response can read and turns into the cookie.
"""

import hashlib

COOKIE = "shop-variant"
HEADER = "x-shop-variant"
PAGES = {"a": "/index.html", "b": "/index-b.html"}
PERCENT_B = 50
THIRTY_DAYS = 30 * 24 * 3600


def viewer_request(event, context):
    request = event["Records"][0]["cf"]["request"]
    # Only this function may set the header: a value sent by the viewer is dropped.
    request["headers"].pop(HEADER, None)
    if request["uri"] in {"/", "/index.html"}:
        variant = chosen_before(request) or group_of(request)
        request["uri"] = PAGES[variant]
        request["headers"][HEADER] = [{"key": "X-Shop-Variant", "value": variant}]
    return request


def viewer_response(event, context):
    cf = event["Records"][0]["cf"]
    request, response = cf["request"], cf["response"]
    if HEADER in request["headers"] and chosen_before(request) is None:
        variant = request["headers"][HEADER][0]["value"]
        cookie = f"{COOKIE}={variant}; Path=/; Max-Age={THIRTY_DAYS}; SameSite=Lax"
        response["headers"].setdefault("set-cookie", []).append({"key": "Set-Cookie", "value": cookie})
    return response


def chosen_before(request):
    """Return the variant named by the viewer's cookie, or None."""
    for line in request["headers"].get("cookie", []):
        for pair in line["value"].split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE and value in PAGES:
                return value
    return None


def group_of(request):
    """Return the variant for a viewer without a cookie: always the same one for the same viewer."""
    user_agent = request["headers"].get("user-agent", [{"value": ""}])[0]["value"]
    digest = hashlib.sha256(f"{request['clientIp']}|{user_agent}".encode()).digest()
    return "b" if int.from_bytes(digest[:4], "big") % 100 < PERCENT_B else "a"
