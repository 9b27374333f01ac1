"""Send viewers without a session to the sign-in page. At viewer-request.

Kept from the guide's version: only the first Cookie line counts; other cookies without `session-id` are a KeyError;
a cookie without `=` is an IndexError; `urllib.parse` is used though only `urllib` is imported.
"""

import urllib

SIGN_IN = "https://www.example.com/signin?redirect_url="


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    cookies = cookies_of(request["headers"])
    if cookies and cookies["session-id"]:
        return request
    wanted = f"https://{request['headers']['host'][0]['value']}{request['uri']}?{request['querystring']}"
    location = SIGN_IN + urllib.parse.quote(wanted, safe="")
    return {
        "status": "302",
        "statusDescription": "Found",
        "headers": {"location": [{"key": "Location", "value": location}]},
    }


def cookies_of(headers):
    cookies = {}
    if "cookie" in headers:
        for pair in headers["cookie"][0]["value"].split(";"):
            parts = pair.split("=")
            cookies[parts[0].strip()] = parts[1].strip()
    return cookies
