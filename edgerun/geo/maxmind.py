"""Places from a MaxMind file: GeoLite2 or GeoIP2, City, Country or ASN. The one door to `maxminddb`."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol

from edgerun.distribution.geo import COUNTRIES, UNKNOWN, ViewerPlace
from edgerun.errors import ConfigError

EXTRA: Final = "needs the package maxminddb: pip install 'edgerun[geo]'"
REMEMBERED: Final = 4096


class Reader(Protocol):
    """What is used of `maxminddb.Reader`."""

    def get(self, ip_address: str, /) -> object:
        """Return the record of an address, or None.

        Raises:
            ValueError: this is no address, or one of a kind that the file does not have.
        """
        ...


class Database:
    """A resolver over an open file; it remembers the latest addresses. In another process it opens the file anew."""

    def __init__(self, reader: Reader, path: Path | None = None) -> None:
        self._reader = reader
        self._path = path
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._look_up)

    def __call__(self, address: str) -> ViewerPlace:
        """Return the place of an address; unknown for what the file does not have."""
        return self._remembered(address.partition("%")[0])

    def __reduce__(self) -> tuple[Callable[[Path], "Database"], tuple[Path]]:
        assert self._path is not None
        return open_database, (self._path,)

    def _look_up(self, address: str) -> ViewerPlace:
        try:
            record = self._reader.get(address)
        except (ValueError, RuntimeError):  # no address; maxminddb.InvalidDatabaseError
            return UNKNOWN
        return place_of_record(record)


def open_database(path: Path) -> Database:
    """Open a MaxMind file.

    Raises:
        ConfigError: `maxminddb` is not installed, or the file cannot be read, without naming the place.
    """
    try:
        maxminddb = import_module("maxminddb")
    except ImportError:
        raise ConfigError(EXTRA) from None
    try:
        return Database(maxminddb.open_database(path), path)
    except maxminddb.InvalidDatabaseError:
        raise ConfigError("is not a MaxMind database") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def place_of_record(record: object) -> ViewerPlace:
    """Return the place that a record describes; what it does not have, or has in another form, is unknown.

    Args:
        record: in the form of GeoIP2's web service, as the files hold it. Of several subdivisions the first is
            the broadest.
    """
    country = _text(record, "country", "iso_code")
    return ViewerPlace(
        country=country,
        country_name=_text(record, "country", "names", "en") or COUNTRIES.get(country, ""),
        region=_text(record, "subdivisions", 0, "iso_code"),
        region_name=_text(record, "subdivisions", 0, "names", "en"),
        city=_text(record, "city", "names", "en"),
        latitude=_degrees(record, "location", "latitude"),
        longitude=_degrees(record, "location", "longitude"),
        metro_code=_number(record, "location", "metro_code"),
        postal_code=_text(record, "postal", "code"),
        time_zone=_text(record, "location", "time_zone"),
        asn=_number(record, "autonomous_system_number") or _number(record, "traits", "autonomous_system_number"),
    )


def _at(record: object, *path: str | int) -> object:
    for step in path:
        if isinstance(record, Mapping):
            record = record.get(step)
        elif isinstance(record, Sequence) and isinstance(step, int) and step < len(record):
            record = record[step]
        else:
            return None
    return record


def _text(record: object, *path: str | int) -> str:
    found = _at(record, *path)
    return found if isinstance(found, str) else ""


def _number(record: object, *path: str | int) -> int:
    found = _at(record, *path)
    return found if isinstance(found, int) else 0


def _degrees(record: object, *path: str | int) -> float | None:
    found = _at(record, *path)
    return float(found) if isinstance(found, int | float) else None
