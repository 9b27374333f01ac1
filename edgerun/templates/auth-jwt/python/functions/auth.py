"""JSON Web Tokens (RFC 7519), signed with HS256, in front of a site; at viewer-request, so that hits are protected too.

Takes `Authorization: Bearer TOKEN`. A token needs `exp`, and `nbf` counts if it is there. Its `sub` goes on to the
origin as X-User. `python3 functions/auth.py NAME SECONDS` prints a token.
"""

import base64
import binascii
import hashlib
import hmac
import json
import sys
import time
from urllib.parse import quote

from secret import SECRET


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    headers = request["headers"]
    headers.pop("x-user", None)  # only this function sets it, never a viewer
    # Taken out, so that it reaches neither the cache nor the origin.
    authorization = headers.pop("authorization", [{"value": ""}])[0]["value"]
    scheme, _, token = authorization.partition(" ")
    claims = verified(token.strip(), time.time()) if scheme.lower() == "bearer" else None
    if claims is None:
        return unauthorized(known=bool(authorization))
    headers["x-user"] = [{"key": "X-User", "value": quote(str(claims.get("sub", "")), safe="@")}]
    return request


def verified(token, now):
    """Return a token's claims, or None if it is malformed, forged, of another algorithm, expired or not valid yet."""
    try:
        signed, _, signature = token.rpartition(".")
        head, payload = (json.loads(decoded(part)) for part in signed.split("."))
        given = decoded(signature)
    except (ValueError, RecursionError):
        return None
    if not isinstance(head, dict) or not isinstance(payload, dict):
        return None
    # Never what the token asks for: "none" and other algorithms are refused, and so are extensions.
    if head.get("alg") != "HS256" or "crit" in head:
        return None
    if not hmac.compare_digest(given, mac(signed)):
        return None
    expires, begins = payload.get("exp"), payload.get("nbf", 0)
    if not is_number(expires) or not is_number(begins):
        return None
    return payload if begins <= now < expires else None


def signed_token(claims):
    """Return a token for claims."""
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    text = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{text}.{encoded(mac(text))}"


def mac(text):
    return hmac.digest(SECRET.encode(), text.encode(), hashlib.sha256)


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    if "=" in text:
        raise binascii.Error("base64url in tokens has no padding")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def is_number(claim):
    return isinstance(claim, (int, float)) and not isinstance(claim, bool)


def unauthorized(*, known):
    challenge = 'Bearer error="invalid_token"' if known else "Bearer"
    return {
        "status": "401",
        "statusDescription": "Unauthorized",
        "headers": {
            "www-authenticate": [{"key": "WWW-Authenticate", "value": challenge}],
            "content-type": [{"key": "Content-Type", "value": "text/plain; charset=utf-8"}],
            "cache-control": [{"key": "Cache-Control", "value": "no-store"}],
        },
        "body": "A valid token is needed.\n",
    }


if __name__ == "__main__":
    print(signed_token({"sub": sys.argv[1], "exp": int(time.time()) + int(sys.argv[2])}))
