"""Whom the pipeline asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgerun.cache.caching import Caching
from edgerun.cache.collapse import Collapser
from edgerun.cache.store import CacheStore
from edgerun.distribution.access import Verify, nothing_verifies
from edgerun.distribution.model import Distribution
from edgerun.distribution.origins import OriginSpec
from edgerun.functions.invoker import Invoker
from edgerun.observe.events import Event
from edgerun.origins.origin import Origin
from edgerun.visit import Clock, Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything the pipeline does not do itself, handed in.

    `caching` returns the authority over a distribution's cache.
    `origin_for` returns the client for an origin, also for one a function named. `watched` turns the event
    of every step on; `Answered`, `Failed` and `Warned` are always emitted. `verify` checks the signatures of private
    content. `https_port` is where viewers are sent from HTTP; 0 leaves them the port they gave.
    """

    store: CacheStore
    flights: Collapser[Fetched]
    caching: Callable[[Distribution], Caching]
    invoker: Invoker
    origin_for: Callable[[OriginSpec], Origin]
    clock: Clock
    make_id: Callable[[], str]
    emit: Callable[[Event], None]
    watched: bool = True
    verify: Verify = nothing_verifies
    https_port: int = 0


Authorities = Mapping[str, Caching]
"""The authority over each distribution's cache, by its id."""
