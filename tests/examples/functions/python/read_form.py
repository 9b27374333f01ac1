"""Print what a viewer entered. At viewer-request or origin-request with Include Body.

What is printed is bytes, for `parse_qs` is given bytes.
"""

from base64 import b64decode
from urllib.parse import parse_qs


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if request["method"] == "POST":
        form = parse_qs(b64decode(request["body"]["data"]))
        for name, values in form.items():
            print(f"entered {name}: {values[0]}")  # noqa: T201
    return request
