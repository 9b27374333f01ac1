"""What the schema refuses, said in sentences of our own."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edgerun.config import raw, raw_headers, shapes
from edgerun.config.faults import Key, listed, shown, suggestion

_NAMED: Final[Mapping[str, type[shapes.Table]]] = {
    "distributions": raw.DistributionTable,
    "origins": raw.OriginTable,
    "origin_groups": raw.OriginGroupTable,
    "functions": raw.FunctionTable,
    "key_value_stores": raw.KeyValueStoreTable,
    "cache_policies": raw.CachePolicyTable,
    "origin_request_policies": raw.OriginRequestPolicyTable,
    "response_headers_policies": raw_headers.ResponseHeadersPolicyTable,
}
_LISTED: Final[Mapping[str, type[shapes.Table]]] = {
    "behaviors": raw.BehaviorTable,
    "error_responses": raw.ErrorResponseTable,
    "custom": raw_headers.CustomHeaderTable,
}
_SINGLE: Final[Mapping[str, type[shapes.Table]]] = {
    "access_log": raw.AccessLogTable,
    "default_behavior": raw.DefaultBehaviorTable,
    "store": raw.StoreTable,
    "rfc9111": raw.Rfc9111Table,
    "viewer_request": shapes.FunctionUse,
    "origin_request": shapes.FunctionUse,
    "origin_response": shapes.FunctionUse,
    "viewer_response": shapes.FunctionUse,
    "headers": shapes.ExceptNames,
    "cookies": shapes.ExceptNames,
    "query_strings": shapes.ExceptNames,
    "cors": raw_headers.CorsTable,
    "security": raw_headers.SecurityTable,
    "strict_transport_security": raw_headers.StrictTransportSecurityTable,
    "content_type_options": raw_headers.ContentTypeOptionsTable,
    "frame_options": raw_headers.FrameOptionsTable,
    "referrer_policy": raw_headers.ReferrerPolicyTable,
    "content_security_policy": raw_headers.ContentSecurityPolicyTable,
    "xss_protection": raw_headers.XssProtectionTable,
    "server_timing": raw_headers.ServerTimingTable,
}
_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


def unsupported(word: str) -> str:
    """Return what is said of a part of CloudFront that this version does not do."""
    return f"{word} is not supported by this version of edgerun"


def faults_of(error: ValidationError) -> Iterator[tuple[Key, str]]:
    """Yield each refusal as key and sentence."""
    for detail in error.errors(include_url=False, include_context=True):
        *around, last = detail["loc"] or ("",)
        key: Key = tuple(part for part in around if part not in shapes.TAGS)
        if detail["type"] == "extra_forbidden" or last not in shapes.TAGS:
            key = (*key, last)
        yield key, _sentence(detail, key)


def _sentence(detail: ErrorDetails, key: Key) -> str:
    kind = detail["type"]
    given = detail["input"]
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, got {shown(given)}"
    match kind:
        case "extra_forbidden":
            return _unknown(key)
        case "missing":
            return "is missing"
        case "literal_error":
            return _choice(key, given)
        case "greater_than_equal" | "less_than_equal":
            return f"expected {_range(key, detail.get('ctx', {}))}, got {shown(given)}"
        case "too_short":
            return f"expected at least one {'status' if key[-1] == 'status_codes' else 'name'}"
        case shapes.SHAPE:
            return f"{detail['msg']}, got {shown(given)}"
        case _:
            return f"{detail['msg']}, got {shown(given)}"


def _unknown(key: Key) -> str:
    table, name = table_at(key[:-1]), str(key[-1])
    if table is None:
        return "is not a key that edgerun knows"
    if name in table.later:
        return unsupported(repr(name))
    if name in table.hints:
        return table.hints[name]
    known = {field.alias or own for own, field in table.model_fields.items()} - {"$schema"}
    return f"is not a key that edgerun knows{suggestion(name, known | table.later)}"


def _choice(key: Key, given: object) -> str:
    values = _literals(key)
    words = [value for value in values if isinstance(value, str)]
    expected = listed(words) if words else ", ".join(str(value) for value in values)
    near = suggestion(given, words) if isinstance(given, str) else ""
    return f"expected {expected}, got {shown(given)}{near}"


def _literals(key: Key) -> list[object]:
    table = table_at(key[:-1])
    field = table.model_fields.get(str(key[-1])) if table is not None else None
    return list(dict.fromkeys(_inside(field.annotation))) if field is not None else []


def _inside(annotation: object) -> Iterator[object]:
    for part in getattr(annotation, "__args__", ()):
        if isinstance(part, str | int) and not isinstance(part, bool):
            yield part
        else:
            yield from _inside(part)


def _range(key: Key, context: Mapping[str, Any]) -> str:
    table = table_at(key[:-1])
    field = table.model_fields.get(str(key[-1])) if table is not None else None
    bounds = dict(context)
    for rule in field.metadata if field is not None else ():
        bounds.update({name: getattr(rule, name) for name in ("ge", "le") if hasattr(rule, name)})
    if "ge" in bounds and "le" in bounds:
        return f"{bounds['ge']} to {bounds['le']}"
    return f"at least {bounds['ge']}" if "ge" in bounds else f"at most {bounds['le']}"


def table_at(key: Key) -> type[shapes.Table] | None:
    """Return which table of the format stands at a key."""
    if len(key) > 2 and key[0] == "distributions":
        key = key[2:]
    match key:
        case ():
            return raw.FileTable
        case (str(kind), str()) if kind in _NAMED:
            return _NAMED[kind]
        case (*_, str(kind), int()) if kind in _LISTED:
            return _LISTED[kind]
        case (*_, str(kind)) if kind in _SINGLE:
            return _SINGLE[kind]
        case _:
            return None
