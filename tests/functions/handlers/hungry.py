def handler(event, context):
    return len(bytearray(event["bytes"]))
