"""Send every viewer elsewhere. At viewer-request or origin-request."""

ELSEWHERE = "https://docs.example.com/moved.html"


def handler(event, context):
    return {
        "status": "302",
        "statusDescription": "Found",
        "headers": {"location": [{"key": "Location", "value": ELSEWHERE}]},
    }
