"""From one configuration to the next: its workers come up, then those of the one before leave."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from edgerun.builder import run_all
from edgerun.config.load import Loaded
from edgerun.errors import ConfigError, EdgerunError
from edgerun.origins.registry import Commands
from edgerun.workers.crew import Crew, Failure, Tell
from edgerun.workers.fleet import Fleet


class NoWorker(EdgerunError):
    """No worker came up."""


class Revisions:
    """The configurations that workers serve: one, or, for as long as workers of those before leave, several.

    Args:
        fleet: gets the workers.
        commands: the programs behind origins; they run as long as a revision needs them.
        crew: makes the workers of a configuration.
        tell: gets sentences for the user, with a level.
    """

    def __init__(self, fleet: Fleet, commands: Commands, crew: Callable[[Loaded], Crew], tell: Tell) -> None:
        self._fleet = fleet
        self._commands = commands
        self._make = crew
        self._tell = tell
        self._served: dict[Crew, Loaded] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._matching = asyncio.Lock()

    async def first(self, loaded: Loaded) -> None:
        """Start the first workers; some may fail at first.

        Raises:
            ConfigError: the configuration cannot be used.
            NoWorker: none came up.
        """
        crew, failures = await self._begun(loaded)
        if not crew.ready:
            raise _reason(failures)
        self._take(crew, loaded)

    async def next(self, loaded: Loaded) -> None:
        """Start the workers of another configuration, and have those before leave once all of them are ready.

        Raises:
            ConfigError: the configuration cannot be used; the workers there are go on.
            NoWorker: a worker does not come up with it; the same.
        """
        loaded = self._with_store(loaded)
        try:
            crew, failures = await self._begun(loaded)
        except ConfigError:
            await self._match()
            raise
        if failures:
            await self._drop(crew)
            raise _reason(failures)
        before = [each for each in self._fleet.crews if each is not crew]
        self._take(crew, loaded)
        for text in loaded.notes:
            self._tell(text, "warning")
        self._tell(f"{loaded.path.name} reloaded: new workers answer", "info")
        for each in before:
            task = asyncio.ensure_future(self._leave(each))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def stop(self, force: asyncio.Event) -> None:
        """End all workers; once `force` is set they end at once."""
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*(crew.stop(force) for crew in self._fleet.crews))

    async def _begun(self, loaded: Loaded) -> tuple[Crew, list[Failure]]:
        await run_all(loaded.builds, self._tell)
        await self._match(loaded)
        crew = self._make(loaded)
        self._served[crew] = loaded
        self._fleet.crews.append(crew)
        return crew, await crew.begin()

    def _take(self, crew: Crew, loaded: Loaded) -> None:
        self._fleet.config = loaded.config
        crew.changed = self._fleet.share_out
        self._fleet.share_out()

    async def _leave(self, crew: Crew) -> None:
        if crew not in self._fleet.crews:
            return
        await crew.leave()
        await self._forget(crew)

    async def _drop(self, crew: Crew) -> None:
        await crew.stop(asyncio.Event())
        await self._forget(crew)

    async def _forget(self, crew: Crew) -> None:
        self._fleet.forget(crew)
        del self._served[crew]
        await self._match()

    async def _match(self, *more: Loaded) -> None:
        """Have the programs run that some revision needs, and no others."""
        async with self._matching:
            needed = [origin for each in (*self._served.values(), *more) for origin in each.config.origins.values()]
            await self._commands.match(tuple(needed))

    def _with_store(self, loaded: Loaded) -> Loaded:
        """Return a configuration with the store that is in use: its workers find there what those before stored."""
        used = self._fleet.config.store
        wanted = loaded.config.store
        if wanted == replace(used, tag_headers=wanted.tag_headers):
            return loaded
        self._tell("the store stays as it is until edgerun starts anew", "info")
        return replace(loaded, config=replace(loaded.config, store=replace(used, tag_headers=wanted.tag_headers)))


def _reason(failures: list[Failure]) -> EdgerunError:
    unusable = next((failure.why for failure in failures if failure.why), "")
    return ConfigError(unusable) if unusable else NoWorker(f"no worker came up: {failures[0]}")
