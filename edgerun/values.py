"""How edgerun declares a value: immutable to the type checker, cheap to make."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """Declare a frozen, slotted, keyword-only dataclass that costs no more than a plain one.

    The type checker refuses every assignment. At run time the fields are ordinary slots, because a
    dataclass that is frozen at run time takes three times as long to make, and values are made per request.
    """
    make: Callable[[type[T]], type[T]] = dataclass(slots=True, kw_only=True, unsafe_hash=True)
    return make(cls)
