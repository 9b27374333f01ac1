"""Signed tokens: links and cookies that expire.

Event:      viewer-request -> token_auth.py:handler
Configure:  on the behavior to be protected, for instance "/members/*". Replace SECRET.

A token is base64url(payload) "." base64url(HMAC-SHA256(payload)); the payload is JSON with "sub" (who) and "exp"
(seconds since 1970). It comes as ?token=... or as the cookie "token". Without a token the viewer is sent to the
sign-in page (302); a token that is forged, broken or expired is refused (403). A good one is taken out of the query
string, so that all members share one cache entry, and its owner is passed on as x-member.

A token for one hour:  python3 edge_functions/token_auth.py sam 3600
"""

import base64
import binascii
import hashlib
import hmac
import json
import sys
import time
from urllib.parse import quote, unquote

# A function at the edge has no environment variables: the secret is part of the deployed package.
SECRET = b"demo-only: replace me before you deploy"
NAME = "token"
SIGN_IN = "/sign-in"


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    token = token_in_query(request) or token_in_cookie(request)
    if not token:
        return sign_in(request)
    member = verify(token, time.time())
    if member is None:
        return refused()
    request["querystring"] = without_token(request["querystring"])
    # Overwrites whatever the viewer may have sent under this name.
    request["headers"]["x-member"] = [{"key": "X-Member", "value": quote(member)}]
    return request


def sign(member, expires):
    """Return a token for `member`, good until `expires` (seconds since 1970)."""
    payload = json.dumps({"sub": member, "exp": int(expires)}, separators=(",", ":")).encode()
    return f"{encode(payload)}.{encode(mac(payload))}"


def verify(token, now):
    """Return the member a token was signed for, or None if it is forged, malformed or expired."""
    encoded_payload, _, encoded_mac = token.partition(".")
    try:
        payload, given = decode(encoded_payload), decode(encoded_mac)
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(given, mac(payload)):
        return None
    # Signed by us, hence well-formed.
    claims = json.loads(payload)
    return claims["sub"] if now < claims["exp"] else None


def mac(payload):
    return hmac.digest(SECRET, payload, hashlib.sha256)


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def token_in_query(request):
    for part in request["querystring"].split("&"):
        name, _, value = part.partition("=")
        if name == NAME and value:
            return unquote(value)
    return None


def token_in_cookie(request):
    for line in request["headers"].get("cookie", []):
        for pair in line["value"].split(";"):
            name, _, value = pair.strip().partition("=")
            if name == NAME and value:
                return value
    return None


def without_token(querystring):
    return "&".join(part for part in querystring.split("&") if part.partition("=")[0] != NAME)


def sign_in(request):
    return {
        "status": "302",
        "statusDescription": "Found",
        "headers": {
            "location": [{"key": "Location", "value": f"{SIGN_IN}?next={quote(request['uri'], safe='/%')}"}],
            "cache-control": [{"key": "Cache-Control", "value": "no-store"}],
        },
    }


def refused():
    return {
        "status": "403",
        "statusDescription": "Forbidden",
        "headers": {
            "content-type": [{"key": "Content-Type", "value": "text/plain; charset=utf-8"}],
            "cache-control": [{"key": "Cache-Control", "value": "no-store"}],
        },
        "body": "This link is not valid, or not any more. Please sign in again.\n",
    }


if __name__ == "__main__":
    sys.stdout.write(sign(sys.argv[1], time.time() + int(sys.argv[2])) + "\n")
