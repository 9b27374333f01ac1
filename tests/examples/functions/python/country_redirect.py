"""Send viewers to the site of their country. At origin-request, CloudFront-Viewer-Country in the cache policy."""

DEFAULT = "https://example.com/"
SITES = {"TW": "https://tw.example.com/", "US": "https://us.example.com/"}
COUNTRY = "cloudfront-viewer-country"


def handler(event, context):
    headers = event["Records"][0]["cf"]["request"]["headers"]
    country = headers[COUNTRY][0]["value"] if COUNTRY in headers else ""
    return {
        "status": "302",
        "statusDescription": "Found",
        "headers": {"location": [{"key": "Location", "value": SITES.get(country, DEFAULT)}]},
    }
