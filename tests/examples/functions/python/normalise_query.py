"""One cache entry for queries that mean the same: lower case, sorted by name. At viewer-request.

`parse_qs` drops parameters without a value, and only the first of a name is kept; Node keeps all of them.
"""

from urllib.parse import parse_qs, urlencode


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    parameters = parse_qs(request["querystring"].lower())
    request["querystring"] = urlencode([(name, parameters[name][0]) for name in sorted(parameters)])
    return request
