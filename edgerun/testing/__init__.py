"""Fakes that keep the contracts of the real parts: a clock, an origin, callables as functions, a store."""

from edgerun.testing.clock import SettableClock
from edgerun.testing.functions import CallableRuntime
from edgerun.testing.origin import ScriptedOrigin
from edgerun.testing.store import DictStore

__all__ = ["CallableRuntime", "DictStore", "ScriptedOrigin", "SettableClock"]
