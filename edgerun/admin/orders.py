"""Orders to forget, as they come in."""

from typing import Final

from starlette.requests import Request

from edgerun.cache.invalidation import TAG_MARK, fault_of

LARGEST_ORDER: Final = 1_000_000


async def items_of(request: Request) -> list[str] | str:
    """Return the paths and `#tags` of an order, or what is wrong with it (`spec/cloudfront.md` §8.1, §8.4)."""
    if int(request.headers.get("content-length") or 0) > LARGEST_ORDER:
        return f"an order may have {LARGEST_ORDER} bytes"
    try:
        order = await request.json()
    except ValueError as error:
        return f"the order is not JSON: {error}"
    expected = 'expected {"paths": ["/…", …]} or {"tags": ["…", …]}, or both'
    if not isinstance(order, dict):
        return expected
    paths, tags = order.get("paths", []), order.get("tags", [])
    if not isinstance(paths, list) or not isinstance(tags, list) or not [*paths, *tags]:
        return expected
    items = [*paths, *(f"{TAG_MARK}{tag}" if isinstance(tag, str) else tag for tag in tags)]
    return next(filter(None, map(_fault, items)), items)


def _fault(item: object) -> str:
    try:
        str(item).encode()
    except UnicodeEncodeError:
        return f"{item!r} is no text: a surrogate stands alone"
    return fault_of(item)
