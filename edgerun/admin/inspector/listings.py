"""Lists that are read page by page: each goes on where it stopped, so that no page costs more than its rows."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

OPEN: Final = 4

Row = dict[str, Any]


class ListingEnded(Exception):
    """The list is not open any more, or another page of it has been read meanwhile."""


class Listing:
    """One list: rows are made when a page needs them, and one more than that to know whether there is another page."""

    def __init__(self, rows: AsyncIterator[Row]) -> None:
        self.page = 0
        self._rows = rows
        self._ahead: list[Row] = []
        self._last: list[Row] = []
        self._reading = asyncio.Lock()

    @property
    def more(self) -> bool:
        """Whether there is another page."""
        return bool(self._ahead)

    async def read(self, page: int, limit: int) -> list[Row]:
        """Return a page: the next one, or the last one that was read once more.

        Raises:
            ListingEnded: it is neither.
        """
        async with self._reading:
            if page == self.page and page:
                return self._last
            if page != self.page + 1:
                raise ListingEnded
            rows = self._ahead
            async for row in self._rows:
                rows.append(row)
                if len(rows) > limit:
                    break
            self._last, self._ahead = rows[:limit], rows[limit:]
            self.page = page
            return self._last

    async def aclose(self) -> None:
        """Read no more."""
        close: Callable[[], Any] | None = getattr(self._rows, "aclose", None)
        if close is not None:
            async with self._reading:
                await close()


class Listings:
    """The lists that are open; beyond `OPEN` the one that was read longest ago is closed."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Listing] = OrderedDict()

    async def begin(self, rows: AsyncIterator[Row], limit: int) -> tuple[list[Row], str | None]:
        """Return the first page of a new list, and what to ask for the second one with; None if there is none."""
        listing = Listing(rows)
        first = await listing.read(1, limit)
        if not listing.more:
            await listing.aclose()
            return first, None
        name = secrets.token_urlsafe(9)
        self._open[name] = listing
        while len(self._open) > OPEN:
            await self._open.popitem(last=False)[1].aclose()
        return first, f"{name}.2"

    async def go_on(self, which: str, limit: int) -> tuple[list[Row], str | None]:
        """Return a further page, and what to ask for the one after it with.

        Raises:
            ListingEnded: there is no such page any more.
        """
        name, _, number = which.rpartition(".")
        listing = self._open.get(name)
        if listing is None or not (number.isascii() and number.isdecimal() and len(number) < 10):
            raise ListingEnded
        self._open.move_to_end(name)
        rows = await listing.read(int(number), limit)
        return rows, f"{name}.{int(number) + 1}" if listing.more else None
