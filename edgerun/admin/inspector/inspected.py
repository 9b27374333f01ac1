"""What the inspector asks of the edge, and what it is told about the server."""

from pathlib import Path
from typing import Protocol

from edgerun.distribution.model import Config
from edgerun.distribution.origins import OriginSpec
from edgerun.eager import Begun
from edgerun.http.message import OnInterim, Request
from edgerun.observe.fanout import Fanout
from edgerun.observe.recorder import Recorder
from edgerun.origins.origin import Origin
from edgerun.values import value
from edgerun.visit import Clock


class Inspected(Protocol):
    """The edge, as the inspector sees it.

    Attributes:
        config: what it serves now.
        clock: the time it goes by.
        emit: who hears what happens.
        recorder: its records, None when nothing is recorded.
    """

    config: Config
    clock: Clock
    emit: Fanout
    recorder: Recorder | None

    def begin(self, request: Request, on_interim: OnInterim | None = None) -> Begun:
        """Take a viewer's request."""
        ...

    def origin_for(self, spec: OriginSpec) -> Origin:
        """Return what answers for an origin."""
        ...


@value
class About:
    """What a page shows of the server itself.

    Attributes:
        edge_url: where the site is served, "" when it is not known.
        cwd: where the programs behind origins run.
        watching: whether saves are taken over: `edgerun dev`.
    """

    edge_url: str = ""
    cwd: Path = Path()
    watching: bool = False
