"""A sticky A/B test of the home page.

viewer-request chooses: the cookie `variant` if the viewer has one, else a hash of address and User-Agent, so that the
choice is the same on every request even where cookies are refused. It rewrites the URI, which gives each variant one
cache entry for all its viewers. viewer-response sets the cookie.
"""

import hashlib

PAGES = {"a": "/index.html", "b": "/index-b.html"}
PERCENT_B = 50
COOKIE = "variant"
HEADER = "x-variant"  # carries the choice from viewer-request to viewer-response
THIRTY_DAYS = 30 * 24 * 3600


def viewer_request(event, context):
    request = event["Records"][0]["cf"]["request"]
    request["headers"].pop(HEADER, None)  # only this function sets it, never a viewer
    if request["uri"] in {"/", "/index.html", "/index-b.html"}:
        variant = chosen_before(request) or group_of(request)
        request["uri"] = PAGES[variant]
        request["headers"][HEADER] = [{"key": "X-Variant", "value": variant}]
    return request


def viewer_response(event, context):
    cf = event["Records"][0]["cf"]
    request, response = cf["request"], cf["response"]
    if HEADER in request["headers"] and chosen_before(request) is None:
        variant = request["headers"][HEADER][0]["value"]
        cookie = f"{COOKIE}={variant}; Path=/; Max-Age={THIRTY_DAYS}; SameSite=Lax; HttpOnly"
        response["headers"].setdefault("set-cookie", []).append({"key": "Set-Cookie", "value": cookie})
    return response


def chosen_before(request):
    """Return the variant that the viewer's cookie names, or None."""
    for line in request["headers"].get("cookie", []):
        for pair in line["value"].split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE and value in PAGES:
                return value
    return None


def group_of(request):
    """Return the variant of a viewer without a cookie: always the same one for the same viewer."""
    user_agent = request["headers"].get("user-agent", [{"value": ""}])[0]["value"]
    digest = hashlib.sha256(f"{request['clientIp']}|{user_agent}".encode()).digest()
    return "b" if int.from_bytes(digest[:4], "big") % 100 < PERCENT_B else "a"
