"""Routes of a single-page app: what is no file is index.html, so that a reload finds the app.

A path whose last part has a dot is a file; a file that is missing stays missing, instead of being HTML. All routes
share the one cache entry of index.html.
"""

KEPT = ("/api/", "/.well-known/")  # never a route of the app


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    uri = request["uri"]
    is_file = "." in uri.rpartition("/")[2]
    if request["method"] in {"GET", "HEAD"} and not is_file and not uri.startswith(KEPT):
        request["uri"] = "/index.html"
    return request
