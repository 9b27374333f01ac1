"""Each country to its own page.

Event:      origin-request -> country_redirect.py:handler
Configure:  on the behavior of the address that redirects ("/shipping"), with CloudFront-Viewer-Country in the headers
            of its cache policy. CloudFront adds that header after viewer-request, and only if a policy asks for it;
            being part of the cache key, it also keeps one country's redirect from being served to another.

The redirect is cached at the edge: the function runs once per country and hour, not once per viewer.
"""

PAGES = {
    "AT": "/shipping/eu",
    "DE": "/shipping/eu",
    "ES": "/shipping/eu",
    "FR": "/shipping/eu",
    "IE": "/shipping/eu",
    "IT": "/shipping/eu",
    "NL": "/shipping/eu",
    "CA": "/shipping/us",
    "US": "/shipping/us",
}
ELSEWHERE = "/shipping/world"


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    country = request["headers"].get("cloudfront-viewer-country", [{"value": ""}])[0]["value"]
    return {
        "status": "302",
        "statusDescription": "Found",
        "headers": {
            "location": [{"key": "Location", "value": PAGES.get(country, ELSEWHERE)}],
            "cache-control": [{"key": "Cache-Control", "value": "max-age=3600"}],
        },
    }
