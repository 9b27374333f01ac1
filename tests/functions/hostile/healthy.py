import hashlib


def handler(event, context):
    return {"number": event["number"], "sum": hashlib.sha256(event["text"].encode()).hexdigest()}
