"""HTTP basic authentication in front of a part of the site.

Event:      viewer-request -> basic_auth.py:handler
Configure:  on the behavior to be protected, for instance "/admin/*". The demo's user is "demo", the password "edge".

A function at the edge has no environment variables, so the credentials are in the file, as a salted hash. For your own:

    python3 -c "import basic_auth as b; print(b.digest('user:password').hex())"

At viewer-request this runs on every request, before the cache: hits are protected too. The hash is deliberately slow
for whoever steals the file, but every request pays for it: raise ROUNDS for a weak password and few requests.
"""

import base64
import binascii
import hashlib
import hmac

SALT = b"lantern-and-loom"
ROUNDS = 20_000
EXPECTED = bytes.fromhex("79bbace09d12b93c26360afab3ea0feacdb7e5d95e564b6ad5bfa0cb03d6216d")


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    # Taken out, so that it reaches neither the cache nor the origin (S3 answers 400 to a basic Authorization).
    authorization = request["headers"].pop("authorization", [{"value": ""}])[0]["value"]
    if not hmac.compare_digest(digest(credentials(authorization)), EXPECTED):
        return unauthorized()
    return request


def credentials(authorization):
    """Return "user:password" from an Authorization header, or "" if it holds none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def digest(user_and_password):
    return hashlib.pbkdf2_hmac("sha256", user_and_password.encode(), SALT, ROUNDS)


def unauthorized():
    return {
        "status": "401",
        "statusDescription": "Unauthorized",
        "headers": {
            "www-authenticate": [{"key": "WWW-Authenticate", "value": 'Basic realm="Back office", charset="UTF-8"'}],
            "content-type": [{"key": "Content-Type", "value": "text/plain; charset=utf-8"}],
            "cache-control": [{"key": "Cache-Control", "value": "no-store"}],
        },
        "body": "The back office is for the people who work here.\n",
    }
