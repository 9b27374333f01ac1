"""What to do about a function that failed, by the type of its error (`spec/lambda-service.md` §2.1)."""

from collections.abc import Mapping
from typing import Final

ADVICE: Final[Mapping[str, str]] = {
    "Sandbox.Timedout": "Look for a loop, or for a call that gets no answer; the function's `timeout` allows more.",
    "Runtime.ImportModuleError": "Put what it imports into the function's folder: see `edgerun check`.",
    "Runtime.HandlerNotFound": "Define the handler, or name another one in `handler`: see `edgerun check`.",
    "Runtime.UserCodeSyntaxError": "Correct the syntax.",
    "Runtime.MarshalError": "Return what JSON has: objects, lists, strings, numbers, booleans and null.",
    "Runtime.ExitError": "Return instead of ending the process; if it was killed, `memory` allows more.",
    "Function.ResponseSizeTooLarge": "Return less, or let the origin serve it.",
}


def advice(error_type: str) -> str:
    """Return what to do about an error of this type, in a sentence; "" for what a function raised itself."""
    return ADVICE.get(error_type, "")
