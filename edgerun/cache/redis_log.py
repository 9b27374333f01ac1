"""What one process knows of the invalidations on a Redis server, and what an invalidation covers there."""

from collections.abc import Sequence

from edgerun.cache.entry import Entry
from edgerun.cache.format import FormatError, Names, names
from edgerun.cache.invalidation import PurgeLog, covers_any


class SharedLog:
    """The server's log of invalidations, as far as it is known here.

    The server counts generations from 0 again when it has lost its data, which another epoch tells; `generation`
    goes on. Whatever began before that counts as invalidated.

    Attributes:
        epoch: the one that is known, None before the first.
    """

    def __init__(self) -> None:
        self.epoch: bytes | None = None
        self._log = PurgeLog()
        self._offset = 0
        self._finished = 0
        self._ahead = False

    @property
    def generation(self) -> int:
        """Grows with each invalidation that becomes known."""
        return self._log.generation

    @property
    def on_server(self) -> int:
        """The generation as the server counts it."""
        return self._log.generation - self._offset

    @property
    def unfinished(self) -> list[tuple[int, bytes]]:
        """Invalidations that nobody has carried out to the end, as the server counts them."""
        return [(generation - self._offset, item) for generation, item in self._log.since(self._finished)]

    def is_current(self, epoch: bytes | None, generation: int) -> bool:
        """Tell whether everything is known up to what the server says."""
        return epoch == self.epoch and generation == self.on_server and not self._ahead

    def learn(self, epoch: bytes, generation: int, finished: int, purges: Sequence[bytes]) -> None:
        """Take in the whole log."""
        if self.epoch is not None and epoch != self.epoch:
            self._offset = self._log.generation + 1
        pairs = (purge.partition(b" ") for purge in purges)
        remembered = [(int(number) + self._offset, item) for number, _, item in pairs]
        self._log = PurgeLog(generation + self._offset, remembered)
        self.epoch, self._finished, self._ahead = epoch, finished + self._offset, False

    def note(self, generation: int, item: bytes) -> bool:
        """Take in one invalidation; return whether it was new. If some before it were missed, they cover everything."""
        generation += self._offset
        if generation <= self._log.generation:
            return False
        if generation == self._log.generation + 1:
            self._log.add(item)
        else:
            self._log = PurgeLog(generation, [(generation, item)])
        return True

    def note_here(self, item: bytes) -> None:
        """Take in one of which the server does not know yet: it holds for what began before it here.

        Generations as the server counts them are in disorder from then on, until its log is learnt anew.
        """
        self._log.add(item)
        self._offset += 1
        self._ahead = True

    def finish(self, generation: int) -> None:
        """Note that all up to one, as the server counts, have been carried out."""
        self._finished = max(self._finished, generation + self._offset)

    def purged_since(self, generation: int, entry: Entry) -> bool:
        """Tell whether an invalidation after a generation covers an entry, or may have."""
        return self._log.purged_since(generation, entry)

    def covers_kept(self, entry: Entry) -> bool:
        """Tell whether an invalidation that may still be being carried out covers an entry on the server."""
        return self._log.purged_since(max(entry.generation + self._offset, self._finished), entry)


def named(place: bytes) -> Names:
    """Return by what an invalidation finds an entry; of another version it is found by nothing but `/*`."""
    try:
        return names(place.split(b" ", 4)[4])
    except (FormatError, IndexError):
        return Names("", b"/", b"/", (), 0)


def hits(purges: Sequence[tuple[int, bytes]], known: Names) -> list[int]:
    """Return the generations of those invalidations that cover an entry."""
    return [generation for generation, item in purges if known.generation < generation and covers_any(item, *known[:4])]
