import vendored


def handler(event, context):
    return vendored.NAME
