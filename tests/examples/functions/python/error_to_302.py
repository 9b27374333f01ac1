"""Send viewers elsewhere when the origin answers an error. At origin-response."""


def handler(event, context):
    cf = event["Records"][0]["cf"]
    request, response = cf["request"], cf["response"]
    if 400 <= int(response["status"]) <= 599:
        response["status"] = 302
        response["statusDescription"] = "Found"
        response["body"] = ""
        location = f"/plan-b/path?{request['querystring']}"
        response["headers"]["location"] = [{"key": "Location", "value": location}]
    return response
