def handler(event, context):
    print("x" * 8_000_000, end="")  # noqa: T201 - functions print
    return "printed"
