"""A/B test of one picture. At viewer-request."""

import random

TESTED = "/experiment-pixel.jpg"
CONTROL = "/experiment-group/control-pixel.jpg"
TREATMENT = "/experiment-group/treatment-pixel.jpg"
CONTROL_SHARE = 0.75


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if request["uri"] == TESTED:
        request["uri"] = group_of(request["headers"].get("cookie", []))
    return request


def group_of(cookie_lines):
    for line in cookie_lines:
        if "X-Experiment-Name=A" in line["value"]:
            return CONTROL
        if "X-Experiment-Name=B" in line["value"]:
            return TREATMENT
    return CONTROL if random.random() < CONTROL_SHARE else TREATMENT
