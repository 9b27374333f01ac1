"""Take an object from a bucket instead of the server when the query says so. At origin-request."""

from urllib.parse import parse_qs

BUCKET = "my-bucket.s3.amazonaws.com"


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if parse_qs(request["querystring"]).get("useS3Origin") == ["true"]:
        request["origin"] = {
            "s3": {"domainName": BUCKET, "region": "", "authMethod": "none", "path": "", "customHeaders": {}}
        }
        request["headers"]["host"] = [{"key": "host", "value": BUCKET}]
    return request
