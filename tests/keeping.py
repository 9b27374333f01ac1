"""A store as tests talk to it: step by step, each step run to its end in the store's own loop."""

from edgerun.http.message import read


class Kept:
    """A store with its own loop, asked step by step."""

    def __init__(self, store, runner):
        self.store = store
        self.run = runner.run

    @property
    def generation(self):
        return self.store.generation

    def peek(self, given):
        return self.run(self._peek(given.key))

    async def _peek(self, key):
        return self.store.peek(key)

    def fetched(self, given):
        return self.run(self.store.fetch(given.key))

    def put(self, given, generation=None):
        return self.run(self._put(given, generation))

    async def _put(self, given, generation):
        kept = self.store.put(given.key, given, self.store.generation if generation is None else generation)
        await self.store.settled()
        return kept

    def discard(self, given):
        self.run(self._discard(given))

    async def _discard(self, given):
        self.store.discard(given.key)
        await self.store.settled()

    def invalidate(self, item):
        return self.run(self.store.invalidate(item))

    def usage(self):
        return self.run(self._usage())

    async def _usage(self):
        await self.store.settled()
        return await self.store.usage()

    def listed(self, *item):
        return self.run(self._listed(*item))

    async def _listed(self, *item):
        return sorted(found.key.path for found in [one async for one in self.store.entries(*item)])

    def body_of(self, found):
        return self.run(read(found.body))
