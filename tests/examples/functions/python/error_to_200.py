"""Turn every error of the origin into a page. At origin-response.

The origin's headers stay, its Content-Length among them.
"""


def handler(event, context):
    response = event["Records"][0]["cf"]["response"]
    if 400 <= int(response["status"]) <= 599:
        response["status"] = 200
        response["statusDescription"] = "OK"
        response["body"] = "Body generation example"
    return response
