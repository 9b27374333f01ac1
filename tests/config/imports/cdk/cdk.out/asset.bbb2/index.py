def handler(event, context):
    return event["Records"][0]["cf"]["response"]


def render(event, context):
    return {"statusCode": 200, "body": event["rawPath"]}
