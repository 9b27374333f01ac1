"""Folders of a site in a bucket: /about/ is /about/index.html, and /about leads there.

CloudFront's default root object is for `/` alone, and a bucket behind its REST endpoint knows no folders.
"""


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    uri = request["uri"]
    if uri.endswith("/"):
        request["uri"] = uri + "index.html"
    elif "." not in uri.rpartition("/")[2]:
        return redirect(uri, request["querystring"])
    return request


def redirect(uri, query):
    # One leading slash: //evil.example would be another host.
    location = "/" + uri.lstrip("/\\") + "/" + (f"?{query}" if query else "")
    return {
        "status": "301",
        "statusDescription": "Moved Permanently",
        "headers": {
            "location": [{"key": "Location", "value": location}],
            "cache-control": [{"key": "Cache-Control", "value": "max-age=3600"}],
        },
    }
