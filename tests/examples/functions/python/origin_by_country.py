"""Ask the server that stands nearer to some countries. At origin-request."""

NEARER = "eu.example.com"
COUNTRIES = {"GB", "DE", "IE"}
COUNTRY = "cloudfront-viewer-country"


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    headers = request["headers"]
    if COUNTRY in headers and headers[COUNTRY][0]["value"] in COUNTRIES:
        request["origin"]["custom"]["domainName"] = NEARER
        headers["host"] = [{"key": "host", "value": NEARER}]
    return request
