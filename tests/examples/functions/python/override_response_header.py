"""Tell the viewer when the object was really changed: a bucket's metadata over its header.

At origin-response or viewer-response.
"""

SOURCE = "x-amz-meta-last-modified"


def handler(event, context):
    response = event["Records"][0]["cf"]["response"]
    headers = response["headers"]
    if SOURCE in headers:
        headers["last-modified"] = [{"key": "Last-Modified", "value": headers[SOURCE][0]["value"]}]
    return response
