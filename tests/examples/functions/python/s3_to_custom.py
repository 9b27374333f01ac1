"""Ask a server instead of the bucket when the query says so. At origin-request."""

from urllib.parse import parse_qs

SERVER = "www.example.com"


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if parse_qs(request["querystring"]).get("useCustomOrigin") == ["true"]:
        request["origin"] = {
            "custom": {
                "domainName": SERVER,
                "port": 443,
                "protocol": "https",
                "path": "",
                "sslProtocols": ["TLSv1", "TLSv1.1"],
                "readTimeout": 5,
                "keepaliveTimeout": 5,
                "customHeaders": {},
            }
        }
        request["headers"]["host"] = [{"key": "host", "value": SERVER}]
    return request
