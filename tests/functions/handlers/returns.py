import datetime as dt
import decimal


def a_set(event, context):
    return {1, 2}


def a_date(event, context):
    return dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def numbers(event, context):
    return {"nan": float("nan"), "decimal": decimal.Decimal("1.10"), "text": "\u00e4"}


def raw(event, context):
    return b"\x00raw"


async def coroutine(event, context):
    return {}


def nonsense(event, context):
    return "nonsense"


def large(event, context):
    return "x" * event["size"]
