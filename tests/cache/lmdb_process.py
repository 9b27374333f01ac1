"""Another process that uses the same store: it does what it is told on its standard input, a line of JSON each."""

import asyncio
import json
import os
import resource
import sys
from hashlib import sha256
from pathlib import Path

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.lmdb import LmdbStore
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, read

MADE = 1_775_556_000.0  # without the imports of the other tests: it starts often


def made(number, length):
    """Return an entry whose body can be told to be whole."""
    content = os.urandom(length)
    path = b"/%d" % number
    return Entry(
        key=CacheKey("E1", "GET", path),
        requested_uri=path,
        status=200,
        reason=b"OK",
        headers=Headers(((b"ETag", sha256(content).hexdigest().encode()),)),
        body=BytesBody(content),
        origin_status=200,
        request_time=MADE,
        response_time=MADE,
        lifetime=60.0,
    )


def is_whole(found, content):
    return found.headers.get(b"etag") == sha256(content).hexdigest().encode()


class Told:
    def __init__(self, path, **options):
        self.said = []
        self.store = LmdbStore(Path(path), tell=self.said.append, **options)

    async def put(self, number, length):
        one = made(number, length)
        kept = self.store.put(one.key, one, self.store.generation)
        await self.store.settled()
        return kept

    async def write_for_ever(self, seed):
        number = seed
        while True:
            number += 1
            one = made(number % 97, (number * 7_919) % (300_000 if number % 5 == 0 else 3_000))
            self.store.put(one.key, one, self.store.generation)
            if number % 13 == 0:
                await self.store.invalidate(b"/1*")
            if number % 3 == 0:
                await self.store.settled()
            if number == seed + 20:
                answer("going")

    async def fetch(self, number):
        found = await self.store.fetch(made(number, 0).key)
        return None if found is None else is_whole(found, await read(found.body))

    async def purge(self, item):
        return await self.store.invalidate(item.encode())

    async def pass_through(self, count, length):
        for number in range(count):
            one = made(number, length)
            self.store.put(one.key, one, self.store.generation)
            if number % 50 == 0:
                await self.store.settled()
        await self.store.settled()
        left = [one async for one in self.store.entries()]
        return [len(left), sum(one.size for one in left)]

    async def memory(self):
        """Return resident bytes."""
        return resident()

    async def limit_files(self, length):
        resource.setrlimit(resource.RLIMIT_FSIZE, (length, length))

    async def told(self):
        return self.said

    async def close(self):
        await self.store.aclose()


def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def answer(text):
    sys.stdout.write(json.dumps(text) + "\n")
    sys.stdout.flush()


async def main():
    store = Told(sys.argv[1], **json.loads(sys.argv[2]))
    answer("open")
    while line := await asyncio.to_thread(sys.stdin.readline):
        name, *arguments = json.loads(line)
        answer(await getattr(store, name)(*arguments))


if __name__ == "__main__":
    asyncio.run(main())
