"""What the admin port asks of the edge."""

from typing import Protocol

from edgerun.admin.inspector.inspected import Inspected
from edgerun.admin.questions import Questioned
from edgerun.distribution.model import Config
from edgerun.visit import Clock


class Ordered(Protocol):
    """What takes orders: it serves a configuration, goes by a clock, and can be made to forget."""

    config: Config
    clock: Clock

    async def invalidate(self, items: list[str], distribution: str = "") -> int:
        """Forget what invalidation paths and `#tags` cover, of one distribution or all; return how many objects.

        Raises:
            StoreError: it could not be done.
        """
        ...


class Commanded(Questioned, Inspected, Ordered, Protocol):
    """The edge, as the admin port sees it: what it serves now, by which time, and how to make it forget."""
