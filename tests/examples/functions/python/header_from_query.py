"""Move the parameter `auth` from the query string into a header. At viewer-request or origin-request.

Without the parameter it fails, as the guide's does: a KeyError here, a header without a value in Node.
"""

from urllib.parse import parse_qs, urlencode


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    parameters = {name: values[0] for name, values in parse_qs(request["querystring"]).items()}
    request["headers"]["auth-header"] = [{"key": "Auth-Header", "value": parameters.pop("auth")}]
    request["querystring"] = urlencode(parameters)
    return request
