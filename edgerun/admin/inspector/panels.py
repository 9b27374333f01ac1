"""The JSON of the inspector's pages on functions, the cache and the distributions."""

from starlette.routing import Route

from edgerun.admin.inspector.api_cache import cache_routes
from edgerun.admin.inspector.api_changes import change_routes
from edgerun.admin.inspector.api_distributions import distribution_routes
from edgerun.admin.inspector.api_events import Streams
from edgerun.admin.inspector.api_functions import function_routes
from edgerun.admin.inspector.code import stamp_of
from edgerun.admin.inspector.shown import Shown
from edgerun.app import Edge
from edgerun.observe.tally import Tally


def listening(edge: Edge) -> Tally:
    """Return a tally that listens to an edge from now on."""

    def stamp(name: str) -> str:
        function = edge.config.functions.get(name)
        return "" if function is None else stamp_of(function)

    tally = Tally(edge.clock, stamp, edge.flush)
    edge.emit.add(tally, *Tally.KINDS)
    edge.tell_calls(tally)
    return tally


def panel_routes(edge: Shown, tally: Tally, streams: Streams | None = None) -> list[Route]:
    """Return the routes.

    Args:
        edge: what is shown.
        tally: has listened to it.
        streams: those that are open, for who ends them.
    """
    return [
        *function_routes(edge, tally),
        *cache_routes(edge),
        *distribution_routes(edge, tally),
        *change_routes(edge, tally, streams),
    ]
