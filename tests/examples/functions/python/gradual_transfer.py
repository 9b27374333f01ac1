"""Move the traffic from one bucket to another, so many requests in a hundred. At origin-request."""

import random

BLUE = "blue-bucket.s3.amazonaws.com"
BLUE_PERCENT = 80


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if random.randint(1, 100) <= BLUE_PERCENT:
        request["origin"]["s3"]["domainName"] = BLUE
        request["headers"]["host"] = [{"key": "host", "value": BLUE}]
    return request
