"""Serve each kind of device its own folder. At origin-request, the CloudFront-Is-* headers in the cache policy."""

FOLDERS = {
    "cloudfront-is-desktop-viewer": "/desktop",
    "cloudfront-is-mobile-viewer": "/mobile",
    "cloudfront-is-tablet-viewer": "/tablet",
    "cloudfront-is-smarttv-viewer": "/smarttv",
}


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    for header, folder in FOLDERS.items():
        if header in request["headers"] and request["headers"][header][0]["value"] == "true":
            request["uri"] = folder + request["uri"]
            break
    return request
