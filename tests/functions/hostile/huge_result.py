def handler(event, context):
    return "x" * 100_000_000
