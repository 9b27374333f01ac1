"""Test your handlers, and the whole edge, in process: see `docs/testing.md`.

`Edge` (or `AsyncEdge`) is an edge with functions as real worker processes or as plain callables; `ScriptedOrigin` and
`SettableClock` keep the contracts of the real parts; the builders make events for a handler alone, and `refusals`
tells what AWS would say to its result. The pytest plugin gives fixtures: `edge`, `edge_origin`, `edge_clock`.
"""

from edgerun.testing.answer import Answer, CacheFacts, Stage
from edgerun.testing.clock import SettableClock
from edgerun.testing.edge import AsyncEdge, Edge
from edgerun.testing.events import (
    Refusal,
    origin_request_event,
    origin_response_event,
    refusals,
    viewer_request_event,
    viewer_response_event,
)
from edgerun.testing.functions import CallableRuntime
from edgerun.testing.origin import ScriptedOrigin, respond

__all__ = [
    "Answer",
    "AsyncEdge",
    "CacheFacts",
    "CallableRuntime",
    "Edge",
    "Refusal",
    "ScriptedOrigin",
    "SettableClock",
    "Stage",
    "origin_request_event",
    "origin_response_event",
    "refusals",
    "respond",
    "viewer_request_event",
    "viewer_response_event",
]
