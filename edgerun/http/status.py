"""Reason phrases."""

from functools import cache
from http import HTTPStatus


@cache
def reason(status: int) -> bytes:
    """Return the standard reason phrase of a status, empty for one without."""
    if status == 494:
        return b"Request Header Too Large"
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
