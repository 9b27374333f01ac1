"""Fakes that keep the contracts of the real parts: a clock, a scripted origin, callables as functions."""

from edgerun.testing.clock import SettableClock
from edgerun.testing.functions import CallableRuntime
from edgerun.testing.origin import ScriptedOrigin

__all__ = ["CallableRuntime", "ScriptedOrigin", "SettableClock"]
