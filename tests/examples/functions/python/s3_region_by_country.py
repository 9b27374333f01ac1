"""Take objects from the bucket nearest to the viewer's country. At origin-request."""

REGIONS = {
    "DE": "eu-central-1",
    "IE": "eu-west-1",
    "GB": "eu-west-2",
    "FR": "eu-west-3",
    "JP": "ap-northeast-1",
    "IN": "ap-south-1",
}
COUNTRY = "cloudfront-viewer-country"


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    headers = request["headers"]
    region = REGIONS.get(headers[COUNTRY][0]["value"]) if COUNTRY in headers else None
    if region:
        bucket = f"my-bucket-in-{region}.s3.amazonaws.com"
        request["origin"]["s3"]["region"] = region
        request["origin"]["s3"]["domainName"] = bucket
        headers["host"] = [{"key": "host", "value": bucket}]
    return request
