"""Small parts of the native format that may be written in more than one way."""

from collections.abc import Callable
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

WORD: Final = "\0word"
LIST: Final = "\0list"
EXCEPT: Final = "\0except"
ALL_VIEWER: Final = "\0all_viewer"
TABLE: Final = "\0table"
TAGS: Final = frozenset({WORD, LIST, EXCEPT, ALL_VIEWER, TABLE})
SHAPE: Final = "edgerun_shape"


class Table(BaseModel):
    """A table of the format.

    `later` names keys that CloudFront knows and this version does not do; `hints` says of others where they belong.
    """

    # Built once, for the file as a whole, when the first one is read: not for each table as it is declared.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    later: ClassVar[frozenset[str]] = frozenset()
    hints: ClassVar[dict[str, str]] = {}


def _shape(value: object) -> str | None:
    match value:
        case str():
            return WORD
        case list():
            return LIST
        case dict():
            return ALL_VIEWER if "all_viewer" in value else EXCEPT
        case _:
            return None


def _use(value: object) -> str | None:
    match value:
        case str():
            return WORD
        case dict() | Table():
            return TABLE
        case _:
            return None


def _one_of(shape: Callable[[object], str | None], expected: str) -> Discriminator:
    return Discriminator(shape, custom_error_type=SHAPE, custom_error_message=expected)


class ExceptNames(Table):
    """All but some."""

    names: Annotated[list[str], Field(alias="except", min_length=1, description="Names that are left out.")]


class AllViewerAnd(Table):
    """All of the viewer's headers, and CloudFront's own that are named."""

    names: Annotated[
        list[str], Field(alias="all_viewer", min_length=1, description="CloudFront-* headers that are added.")
    ]


KeyHeaders = Annotated[
    Annotated[Literal["none"], Tag(WORD)] | Annotated[list[str], Tag(LIST)],
    _one_of(_shape, "expected 'none' or a list of header names"),
]
Names = Annotated[
    Annotated[Literal["none", "all"], Tag(WORD)]
    | Annotated[list[str], Tag(LIST)]
    | Annotated[ExceptNames, Tag(EXCEPT)],
    _one_of(_shape, "expected 'none', 'all', a list of names or a table with 'except'"),
]
OriginHeaders = Annotated[
    Annotated[Literal["none", "all_viewer"], Tag(WORD)]
    | Annotated[list[str], Tag(LIST)]
    | Annotated[ExceptNames, Tag(EXCEPT)]
    | Annotated[AllViewerAnd, Tag(ALL_VIEWER)],
    _one_of(_shape, "expected 'none', 'all_viewer', a list of header names or a table with 'except' or 'all_viewer'"),
]
Methods = Annotated[
    Annotated[Literal["all"], Tag(WORD)] | Annotated[list[str], Tag(LIST)],
    _one_of(_shape, "expected 'all' or a list of methods"),
]


class FunctionUse(Table):
    """A function at one point, with its options."""

    function: Annotated[str, Field(description="Name of a function.")]
    include_body: Annotated[
        bool, Field(description="Give the request's body to the function; at the two request points only.")
    ] = False


Use = Annotated[
    Annotated[str, Tag(WORD)] | Annotated[FunctionUse, Tag(TABLE)],
    _one_of(_use, "expected a function's name or a table with 'function'"),
]
