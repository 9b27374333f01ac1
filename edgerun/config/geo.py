"""Where viewers are: a table of networks, or a MaxMind file."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from edgerun.config.bench import Bench
from edgerun.config.explain import faults_of
from edgerun.config.faults import Faults, Key, shown, suggestion
from edgerun.config.read import is_file, neighbour, read
from edgerun.config.shapes import Table
from edgerun.distribution.geo import COUNTRIES, UNKNOWN, Network, PlaceOf, Places, ViewerPlace, nowhere
from edgerun.errors import ConfigError
from edgerun.geo.maxmind import open_database

TABLES: Final = frozenset({".toml", ".json"})
DATABASE: Final = ".mmdb"

_REGION: Final = re.compile(r"[A-Z0-9]{1,3}")
_TIME_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
_MISTAKEN: Final = {"UK": "GB", "EN": "GB", "EL": "GR", "JA": "JP"}

_Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
_Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
_Text = Annotated[str, StringConstraints(max_length=200)]


class PlaceTable(Table):
    """Where the viewers of a network are; what is left out is unknown."""

    country: str = Field("", description="Two capital letters of ISO 3166-1, such as DE.")
    country_name: _Text = Field("", description="The country's name; that of its code if left out.")
    region: str = Field("", description="The region's code of ISO 3166-2 without the country's, such as BE.")
    region_name: _Text = Field("", description="The region's name.")
    city: _Text = Field("", description="The city's name.")
    latitude: _Latitude | None = Field(None, description="Degrees north, -90 to 90.")
    longitude: _Longitude | None = Field(None, description="Degrees east, -180 to 180.")
    metro_code: int = Field(0, ge=0, le=999, description="The metro code, in the US only.")
    postal_code: _Text = Field("", description="The postal code, as a string.")
    time_zone: _Text = Field("", description="A name of the IANA database, such as Europe/Berlin.")
    asn: int = Field(0, ge=0, le=2**32 - 1, description="The number of the autonomous system.")


class PlacesFile(Table):
    """Places by network; the longest prefix that holds an address wins, as a whole."""

    networks: dict[str, PlaceTable] = Field(
        default_factory=dict, description="Places by network, such as 203.0.113.0/24 or 2001:db8::/32."
    )
    default: PlaceTable | None = Field(None, description="The place of every other address; unknown if left out.")


_ADAPTER: Final = TypeAdapter(PlacesFile)
_FIELDS: Final = frozenset(PlaceTable.model_fields)


def places(key: Key, text: str | None, bench: Bench) -> PlaceOf:
    """Return what says where an address is: that of the file named, if there is one.

    Args:
        key: where the file is named.
        text: its path, relative to the configuration.
        bench: what is wrong with the path, or with a database, is noted there.

    Raises:
        ConfigError: what is wrong inside a table of networks, one line per fault. The configuration's own faults go
            first.
    """
    if text is None:
        return nowhere
    path = bench.path(text)
    if path.suffix not in TABLES | {DATABASE}:
        bench.fault(key, f"expected a file that ends in .toml, .json or .mmdb, got {shown(text)}")
    elif not is_file(path):
        bench.fault(key, f"there is no file {shown(text)}{neighbour(path, suffixes=TABLES | {DATABASE})}")
    elif path.suffix == DATABASE:
        try:
            return open_database(path)
        except ConfigError as error:
            bench.fault(key, f"{shown(text)} {error}")
    else:
        bench.faults.check()
        return _table(path)
    return nowhere


def country(code: str) -> str:
    """Check a country's code."""
    if code in COUNTRIES:
        return ""
    near = _MISTAKEN.get(code.upper(), code.upper() if code.upper() in COUNTRIES else "")
    near = near or next((known for known, name in COUNTRIES.items() if name.lower() == code.lower()), "")
    return f"expected a code of ISO 3166-1 such as 'DE', got {shown(code)}" + (near and f"; did you mean {near!r}?")


def _table(path: Path) -> Places:
    source = read(path)
    faults = Faults(source)
    file = _validated(source.data, faults)
    networks: dict[Network, tuple[str, ViewerPlace]] = {}
    for text, table in file.networks.items():
        key: Key = ("networks", text)
        place = _place(key, table, faults)
        network = _network(key, text, faults)
        if network in networks:
            faults.add(key, f"is there already, as {shown(networks[network][0])}")
        elif network is not None:
            networks[network] = (text, place)
    default = UNKNOWN if file.default is None else _place(("default",), file.default, faults)
    faults.check()
    return Places([(network, place) for network, (_, place) in networks.items()], default)


def _validated(data: Mapping[str, object], faults: Faults) -> PlacesFile:
    try:
        return _ADAPTER.validate_python(dict(data))
    except ValidationError as error:
        for (key, sentence), detail in zip(faults_of(error, PlacesFile), error.errors(include_url=False), strict=True):
            faults.add(key, _unknown(key) if detail["type"] == "extra_forbidden" else sentence)
        faults.check()
        raise


def _unknown(key: Key) -> str:
    known = _FIELDS if len(key) > 1 else PlacesFile.model_fields
    if len(key) == 1 and key[0] in _FIELDS:
        return 'belongs in [default] or in a network\'s table, such as [networks."203.0.113.0/24"]'
    if len(key) == 1 and _is_network(str(key[0])):
        return f'is not a key that edgerun knows; did you mean [networks."{key[0]}"]?'
    return f"is not a key that edgerun knows{suggestion(str(key[-1]), known)}"


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _network(key: Key, text: str, faults: Faults) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        meant = f"; did you mean '{ip_network(text, strict=False)}'?" if _is_network(text) else ""
        faults.add(key, f"expected a network such as '203.0.113.0/24' or '2001:db8::/32'{meant}")
        return None


def _place(key: Key, table: PlaceTable, faults: Faults) -> ViewerPlace:
    for word, text in _wrong(table):
        faults.add((*key, word), text)
    fields: dict[str, Any] = {name: getattr(table, name) for name in _FIELDS}
    return ViewerPlace(**{**fields, "country_name": table.country_name or COUNTRIES.get(table.country, "")})


def _wrong(table: PlaceTable) -> Iterator[tuple[str, str]]:
    if table.country and country(table.country):
        yield "country", country(table.country)
    if table.region and not _REGION.fullmatch(table.region):
        near = table.region.removeprefix(f"{table.country}-")
        meant = f"; did you mean {near!r}?" if near != table.region and _REGION.fullmatch(near) else ""
        yield "region", f"expected 1 to 3 capital letters and digits such as 'BE', got {shown(table.region)}{meant}"
    if table.time_zone and not _TIME_ZONE.fullmatch(table.time_zone):
        yield "time_zone", f"expected a name such as 'Europe/Berlin', got {shown(table.time_zone)}"
    if table.metro_code and table.country != "US":
        yield "metro_code", "there are metro codes in the US only"
    if (table.latitude is None) != (table.longitude is None):
        yield ("latitude" if table.longitude is None else "longitude"), "expected latitude and longitude together"
    for word in ("country_name", "region_name", "city", "postal_code"):
        if not getattr(table, word).isprintable():
            yield word, "expected text without control characters"
