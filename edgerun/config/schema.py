"""The native format as a JSON Schema, for editors and documents."""

from typing import Any, Final

from edgerun.config.build import ADAPTER

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of `edgerun.toml`, with a description of every key."""
    return {"$schema": DIALECT, **ADAPTER.json_schema(by_alias=True)}
