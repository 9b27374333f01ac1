KEPT = []


def handler(event, context):
    while True:
        KEPT.append(open("/dev/null"))  # noqa: PTH123, SIM115 - it shall stay open
