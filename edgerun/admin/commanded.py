"""What the admin port asks of the edge."""

from typing import Protocol

from edgerun.admin.inspector.inspected import Inspected
from edgerun.admin.questions import Questioned
from edgerun.distribution.model import Config
from edgerun.visit import Clock


class Commanded(Questioned, Inspected, Protocol):
    """The edge, as the admin port sees it: what it serves now, by which time, and how to make it forget."""

    config: Config
    clock: Clock

    async def invalidate(self, items: list[str], distribution: str = "") -> int:
        """Forget what invalidation paths and `#tags` cover, of one distribution or all; return how many objects."""
        ...
