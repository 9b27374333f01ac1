import importlib.util


def handler(event, context):
    return importlib.util.find_spec("orjson") is not None and __import__("orjson").loads(b"[1]") == [1]
