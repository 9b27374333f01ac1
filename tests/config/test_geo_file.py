"""`geo`: a table of networks, or a MaxMind file. What the headers say of it: cloudfront.md §12."""

import re
import struct
import sys
from ipaddress import IPv4Network, ip_network
from pathlib import Path

import pytest

from edgerun.config.geo import PlacesFile, PlaceTable, country
from edgerun.distribution.geo import UNKNOWN, ViewerPlace, place_in
from edgerun.errors import ConfigError
from edgerun.geo.maxmind import Database, place_of_record

BASE = """\
geo = "geo.toml"

[origins.site]
directory = "public"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""
GEO = """\
[default]
country = "US"

[networks."203.0.113.0/24"]
country = "DE"
region = "BE"
region_name = "Berlin"
city = "Berlin"
latitude = 52.52
longitude = 13.4
postal_code = "10115"
time_zone = "Europe/Berlin"
asn = 64496

[networks."203.0.113.7"]
country = "US"
country_name = "U.S.A."
metro_code = 511

[networks."2001:db8::/32"]
country = "AT"
"""
BERLIN = ViewerPlace(
    country="DE",
    country_name="Germany",
    region="BE",
    region_name="Berlin",
    city="Berlin",
    latitude=52.52,
    longitude=13.4,
    postal_code="10115",
    time_zone="Europe/Berlin",
    asn=64496,
)


@pytest.fixture
def geo_of(read, project):
    """Loads a text as geo.toml, and returns what says where an address is."""

    def load(text, name="geo.toml"):
        (project / name).write_text(text)
        return read(BASE.replace("geo.toml", name)).config.geo

    return load


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.8", BERLIN),
        ("203.0.113.7", ViewerPlace(country="US", country_name="U.S.A.", metro_code=511)),
        ("2001:db8::1", place_in("AT")),
        ("127.0.0.1", place_in("US")),
    ],
)
def test_places_by_network(geo_of, address, place):
    assert geo_of(GEO)(address) == place


def test_it_may_be_json_or_empty(geo_of):
    assert geo_of('{"networks": {"127.0.0.0/8": {"country": "DE"}}}', "geo.json")("127.0.0.1") == place_in("DE")
    assert geo_of("")("127.0.0.1") == UNKNOWN
    assert geo_of("[networks]\n[default]")("127.0.0.1") == UNKNOWN


def test_without_it_every_place_is_unknown(read):
    assert read(BASE.replace('geo = "geo.toml"\n', "")).config.geo("203.0.113.8") == UNKNOWN


def test_a_save_of_it_makes_another_configuration(read, project):
    (project / "geo.toml").write_text(GEO)
    assert read(BASE).watch == (project / "edgerun.toml", project / "geo.toml", project / "public")


def test_it_belongs_to_the_whole_file(refusal):
    text = BASE.partition("\n")[2].replace("[default", "[distributions.a.default")
    assert refusal(f'{text}[distributions.a]\ngeo = "geo.toml"\n') == [
        "edgerun.toml:9: distributions.a.geo: belongs at the top of the file, where all distributions share it"
    ]


NETWORK = '[networks."10.0.0.0/8"]\n'
AT = 'geo.toml:2: networks."10.0.0.0/8"'
REGION = "expected 1 to 3 capital letters and digits such as 'BE', got"
A_NETWORK = "expected a network such as '203.0.113.0/24' or '2001:db8::/32'"
NO_KEY = "is not a key that edgerun knows"
CODE = "expected a code of ISO 3166-1 such as 'DE', got"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (NETWORK + 'contry = "DE"', f"{AT}.contry: {NO_KEY}; did you mean 'country'?"),
        (NETWORK + 'country = "UK"', f"{AT}.country: {CODE} 'UK'; did you mean 'GB'?"),
        (NETWORK + 'country = "de"', f"{AT}.country: {CODE} 'de'; did you mean 'DE'?"),
        (NETWORK + 'country = "Germany"', f"{AT}.country: {CODE} 'Germany'; did you mean 'DE'?"),
        (NETWORK + 'country = "ZZ"', f"{AT}.country: {CODE} 'ZZ'"),
        (NETWORK + "country = 49", f"{AT}.country: expected a string, got 49"),
        (NETWORK + "postal_code = 20147", f"{AT}.postal_code: expected a string, got 20147"),
        (
            NETWORK + 'country = "DE"\nregion = "DE-BE"',
            f"{AT.replace(':2', ':3')}.region: {REGION} 'DE-BE'; did you mean 'BE'?",
        ),
        (
            NETWORK + 'region = "Bavaria"',
            f"{AT}.region: {REGION} 'Bavaria'",
        ),
        (NETWORK + "latitude = 91\nlongitude = 0", f"{AT}.latitude: expected -90 to 90, got 91"),
        (NETWORK + "longitude = -181\nlatitude = 0", f"{AT}.longitude: expected -180 to 180, got -181"),
        (NETWORK + "latitude = 1.5", f"{AT}.latitude: expected latitude and longitude together"),
        (NETWORK + "longitude = 1.5", f"{AT}.longitude: expected latitude and longitude together"),
        (NETWORK + "metro_code = 511", f"{AT}.metro_code: there are metro codes in the US only"),
        (
            NETWORK + 'time_zone = "Berlin time"',
            f"{AT}.time_zone: expected a name such as 'Europe/Berlin', got 'Berlin time'",
        ),
        (NETWORK + 'city = "a\\nb"', f"{AT}.city: expected text without control characters"),
        (
            '[networks."10.0.0.1/8"]',
            f"geo.toml:1: networks.\"10.0.0.1/8\": {A_NETWORK}; did you mean '10.0.0.0/8'?",
        ),
        (
            "[networks.home]",
            f"geo.toml:1: networks.home: {A_NETWORK}",
        ),
        (
            '[networks."::1"]\n[networks."0::1/128"]',
            "geo.toml:2: networks.\"0::1/128\": is there already, as '::1'",
        ),
        ('[network."10.0.0.0/8"]', f"geo.toml:1: network: {NO_KEY}; did you mean 'networks'?"),
        (
            '["10.0.0.0/8"]',
            f'geo.toml:1: "10.0.0.0/8": {NO_KEY}; did you mean [networks."10.0.0.0/8"]?',
        ),
        (
            'country = "DE"',
            'geo.toml:1: country: belongs in [default] or in a network\'s table, such as [networks."203.0.113.0/24"]',
        ),
        ('[default]\ncountry = "UK"', f"geo.toml:2: default.country: {CODE} 'UK'; did you mean 'GB'?"),
        ("default = 1", "geo.toml:1: default: expected a table, got 1"),
        ("[networks", "geo.toml:1:10: is not TOML: Expected ']' at the end of a table declaration"),
    ],
)
def test_a_faulty_table_is_refused_with_its_place(refusal, project, text, line):
    (project / "geo.toml").write_text(text)
    assert refusal(BASE) == [line]


def test_all_faults_are_told_in_their_order(refusal, project):
    (project / "geo.toml").write_text('[networks.a]\ncountry = "UK"\n[networks."10.0.0.0/8"]\nregion = "x"\n')
    assert [line.split(": ")[0] for line in refusal(BASE)] == ["geo.toml:1", "geo.toml:2", "geo.toml:4"]


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("geo.tml", "expected a file that ends in .toml, .json or .mmdb, got 'geo.tml'"),
        ("gei.toml", "there is no file 'gei.toml'; did you mean 'geo.toml'?"),
        ("other/x.mmdb", "there is no file 'other/x.mmdb'"),
        ("\\u0000.toml", "there is no file '\\x00.toml'; did you mean 'geo.toml'?"),
        ("", "expected a file that ends in .toml, .json or .mmdb, got ''"),
    ],
)
def test_a_file_that_is_not_there(refusal, project, place, line):
    (project / "geo.toml").write_text(GEO)
    (project / "edgerun.toml").unlink(missing_ok=True)
    assert refusal(BASE.replace("geo.toml", place), "config.toml") == [f"config.toml:1: geo: {line}"]


def test_the_configurations_own_faults_go_first(refusal, project):
    (project / "geo.toml").write_text("faulty = 1")
    assert refusal(BASE.replace('origin = "site"', 'origin = "sit"')) == [
        "edgerun.toml:7: default_behavior.origin: 'sit' is not an origin; did you mean 'site'?"
    ]


def test_the_flags_country_exists(read):
    assert read(BASE.partition("\n")[2], country="DE").config.country == "DE"
    with pytest.raises(ConfigError) as caught:
        read(BASE.partition("\n")[2], country="UK")
    assert str(caught.value) == f"--country: {CODE} 'UK'; did you mean 'GB'?"
    assert country("GB") == ""


# cloudfront.md §2.1: in an origin request policy only
@pytest.mark.parametrize("part", ["Address", "ASN", "TLS", "JA3-Fingerprint", "JA4-Fingerprint"])
def test_some_headers_cannot_be_keyed(read, refusal, part):
    name = f"CloudFront-Viewer-{part}"
    text = BASE.partition("\n")[2].replace("CachingOptimized", "p")
    assert refusal(f'{text}[cache_policies.p]\nheaders = ["{name}"]') == [
        f"edgerun.toml:9: cache_policies.p.headers[0]: {name!r} can be in an origin request policy only"
    ]
    policy = f'origin_request_policy = "o"\n[origin_request_policies.o]\nheaders = ["{name}"]\n[cache_policies.p]'
    assert read(text + policy).config.distributions


# ------------------------------------------------------------------------------ MaxMind

RECORD = {
    "city": {"names": {"de": "Aschbrenn", "en": "Ashburn"}},
    "country": {"iso_code": "US", "names": {"en": "United States"}},
    "location": {
        "latitude": 39.04372,
        "longitude": -77.48749,
        "metro_code": 511,
        "time_zone": "America/New_York",
    },
    "postal": {"code": "20147"},
    "subdivisions": [{"iso_code": "VA", "names": {"en": "Virginia"}}, {"iso_code": "LDN"}],
    "traits": {"autonomous_system_number": 64496},
}
ASHBURN = ViewerPlace(
    country="US",
    country_name="United States",
    region="VA",
    region_name="Virginia",
    city="Ashburn",
    latitude=39.04372,
    longitude=-77.48749,
    metro_code=511,
    postal_code="20147",
    time_zone="America/New_York",
    asn=64496,
)


@pytest.mark.parametrize(
    ("record", "place"),
    [
        pytest.param(RECORD, ASHBURN, id="all there is"),
        pytest.param(None, UNKNOWN, id="nothing"),
        pytest.param({"country": {"iso_code": "DE"}}, place_in("DE"), id="a country without its name"),
        pytest.param({"autonomous_system_number": 64496}, ViewerPlace(asn=64496), id="GeoLite2-ASN"),
        pytest.param({"registered_country": {"iso_code": "DE"}}, UNKNOWN, id="registered elsewhere"),
        pytest.param({"location": {"latitude": 0, "longitude": 0}}, ViewerPlace(latitude=0, longitude=0), id="0, 0"),
        pytest.param(
            {"country": "DE", "city": ["a"], "subdivisions": {}, "location": {"latitude": "1"}, "postal": {"code": 1}},
            UNKNOWN,
            id="of another form",
        ),
        pytest.param({"subdivisions": []}, UNKNOWN, id="no subdivision"),
        pytest.param("a text", UNKNOWN, id="no record"),
    ],
)
def test_the_place_that_a_record_describes(record, place):
    assert place_of_record(record) == place


class Reader:
    """A reader as `maxminddb` has it."""

    def __init__(self):
        self.asked = []

    def get(self, address):
        self.asked.append(address)
        if address == "broken":
            raise RuntimeError
        return RECORD if ip_network(address) else None


def test_a_database_is_asked_once_for_an_address():
    reader = Reader()
    database = Database(reader)
    assert [database(address) for address in ("203.0.113.9", "203.0.113.9", "fe80::1%eth0")] == [ASHBURN] * 3
    assert reader.asked == ["203.0.113.9", "fe80::1"]


@pytest.mark.parametrize("address", ["", "testclient", "broken"])
def test_what_a_database_cannot_find_is_unknown(address):
    assert Database(Reader())(address) == UNKNOWN


def test_a_missing_package_is_named(refusal, project, monkeypatch):
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    (project / "g.mmdb").write_bytes(b"")
    assert refusal(BASE.replace("geo.toml", "g.mmdb")) == [
        "edgerun.toml:1: geo: 'g.mmdb' needs the package maxminddb: pip install 'edgerun[geo]'"
    ]


def test_what_is_no_database_is_refused(refusal, project):
    pytest.importorskip("maxminddb")
    (project / "g.mmdb").write_bytes(b"nothing of the kind")
    assert refusal(BASE.replace("geo.toml", "g.mmdb")) == ["edgerun.toml:1: geo: 'g.mmdb' is not a MaxMind database"]


def test_a_real_file_is_read(read, project):
    pytest.importorskip("maxminddb")
    (project / "g.mmdb").write_bytes(mmdb(ip_network("203.0.113.0/24"), RECORD))
    loaded = read(BASE.replace("geo.toml", "g.mmdb"))
    assert project / "g.mmdb" in loaded.watch
    assert [loaded.config.geo(address) for address in ("203.0.113.9", "203.0.114.9")] == [ASHBURN, UNKNOWN]
    assert loaded.config.geo("2001:db8::1") == UNKNOWN  # the file knows IPv4 only


class Number(int):
    """A whole number of another type than 32 bits: 5 has 16, 9 has 64."""

    def __new__(cls, number, *, kind):
        made = super().__new__(cls, number)
        made.kind = kind
        return made


def mmdb(network: IPv4Network, record: dict) -> bytes:
    """Return a MaxMind file with one network: format 2.0, record size 24."""
    depth = network.prefixlen
    bits = int(network.network_address) >> (32 - depth)
    tree = b""
    for node in range(depth):
        inside = node + 1 if node + 1 < depth else depth + 16
        pair = [depth, depth]
        pair[bits >> (depth - 1 - node) & 1] = inside
        tree += b"".join(each.to_bytes(3, "big") for each in pair)
    about = {
        "binary_format_major_version": Number(2, kind=5),
        "binary_format_minor_version": Number(0, kind=5),
        "build_epoch": Number(1_700_000_000, kind=9),
        "database_type": "Test",
        "description": {"en": "a test"},
        "ip_version": Number(4, kind=5),
        "languages": ["en"],
        "node_count": depth,
        "record_size": Number(24, kind=5),
    }
    return tree + bytes(16) + _field(record) + b"\xab\xcd\xefMaxMind.com" + _field(about)


def _field(value) -> bytes:
    match value:
        case str():
            return _control(2, len(value.encode())) + value.encode()
        case float():
            return _control(3, 8) + struct.pack(">d", value)
        case int():
            raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
            return _control(getattr(value, "kind", 6), len(raw)) + raw
        case dict():
            return _control(7, len(value)) + b"".join(_field(part) for pair in value.items() for part in pair)
        case _:
            return _control(11, len(value)) + b"".join(_field(part) for part in value)


def _control(kind: int, size: int) -> bytes:
    assert size < 29
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


# ------------------------------------------------------------------------------ the page


def test_every_key_is_documented():
    page = (Path(__file__).parents[2] / "docs/viewer.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE))
    assert rows == {name: field.description for name, field in PlaceTable.model_fields.items()}
    assert all(f"[{name}" in page for name in PlacesFile.model_fields)


def test_the_pages_tables_load(geo_of):
    page = (Path(__file__).parents[2] / "docs/viewer.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    tables = [text for text in blocks if "networks" in text]
    assert tables
    for text in tables:
        assert geo_of(text)("203.0.113.9").country == "DE"
