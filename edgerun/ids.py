"""CloudFront's ids of requests."""

import base64
import random
from collections.abc import Callable


def id_maker(seed: int | None = None) -> Callable[[], str]:
    """Return a maker of CloudFront request ids: 56 characters of URL-safe base64, ending in `==`.

    Unguessable ids are not the point, unique ones are: 320 random bits from a generator seeded by the system.
    """
    generator = random.Random(seed)  # noqa: S311

    def make() -> str:
        return base64.urlsafe_b64encode(generator.getrandbits(320).to_bytes(40, "big")).decode()

    return make
