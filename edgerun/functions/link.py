"""How an environment reaches its process."""

from typing import Protocol


class Link(Protocol):
    """Takes frames (`frames.py`): the transport of a private socket, or the Runtime API in a host's place."""

    def write(self, frame: bytes) -> None:
        """Send one frame."""

    def is_closing(self) -> bool:
        """Tell whether nothing more can be sent."""

    def abort(self) -> None:
        """Close it at once."""
