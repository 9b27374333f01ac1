"""HTTP basic authentication in front of a site; at viewer-request, so that cache hits are protected as well.

`python3 functions/auth.py NAME` asks for a password and prints the line for credentials.py.
"""

import base64
import binascii
import getpass
import hashlib
import hmac
import os
import sys

from credentials import USERS

REALM = "Members"
# Every request pays for them: more for weaker passwords, fewer for more requests.
ROUNDS = 20_000
# Compared with for users that there are not, so that an answer takes as long for them.
NOBODY = ("00" * 16, "00" * 32)


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    # Taken out, so that it reaches neither the cache nor the origin.
    authorization = request["headers"].pop("authorization", [{"value": ""}])[0]["value"]
    return request if allowed(authorization) else unauthorized()


def allowed(authorization):
    """Tell whether an Authorization header holds a user and the user's password."""
    user, password = credentials_of(authorization)
    salt, expected = USERS.get(user, NOBODY)
    same = hmac.compare_digest(digest(password, bytes.fromhex(salt)), bytes.fromhex(expected))
    return same and user in USERS


def credentials_of(authorization):
    """Return user and password, both "" where there are none."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        text = ""
    user, _, password = text.partition(":")
    return user, password


def digest(password, salt):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)


def unauthorized():
    return {
        "status": "401",
        "statusDescription": "Unauthorized",
        "headers": {
            "www-authenticate": [{"key": "WWW-Authenticate", "value": f'Basic realm="{REALM}", charset="UTF-8"'}],
            "content-type": [{"key": "Content-Type", "value": "text/plain; charset=utf-8"}],
            "cache-control": [{"key": "Cache-Control", "value": "no-store"}],
        },
        "body": "Who are you?\n",
    }


if __name__ == "__main__":
    new = os.urandom(16)
    found = digest(getpass.getpass("Password: "), new)
    print(f'    "{sys.argv[1]}": ("{new.hex()}", "{found.hex()}"),')
