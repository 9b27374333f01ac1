"""Add a field to what a viewer entered. At viewer-request or origin-request with Include Body.

`urlencode` writes a space as `+`; Node writes `%20`.
"""

from base64 import b64decode
from urllib.parse import parse_qs, urlencode


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if request["method"] == "POST":
        body = request["body"]
        form = {name: values[0] for name, values in parse_qs(b64decode(body["data"]).decode()).items()}
        form["new-param-name"] = "new-param-value"
        body["action"] = "replace"
        body["encoding"] = "text"
        body["data"] = urlencode(form)
    return request
