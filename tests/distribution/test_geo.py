"""Source: cloudfront.md §12, the location headers."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.distribution.geo import COUNTRIES, UNKNOWN, Places, ViewerPlace, nowhere, place_in


def place(city):
    return ViewerPlace(country="DE", city=city)


def places(*networks, **default):
    return Places([(ip_network(text), place(text)) for text in networks], **default)


@pytest.mark.parametrize(
    ("networks", "address", "expected"),
    [
        pytest.param(["203.0.113.0/24"], "203.0.113.9", "203.0.113.0/24", id="inside"),
        pytest.param(["203.0.113.0/24"], "203.0.113.255", "203.0.113.0/24", id="its last address"),
        pytest.param(["203.0.113.0/24"], "203.0.114.0", "default", id="the address after it"),
        pytest.param(["203.0.0.0/16", "203.0.113.0/24"], "203.0.113.9", "203.0.113.0/24", id="the longer prefix wins"),
        pytest.param(["203.0.113.0/24", "203.0.0.0/16"], "203.0.113.9", "203.0.113.0/24", id="in any order"),
        pytest.param(["203.0.0.0/16", "203.0.113.0/24"], "203.0.1.1", "203.0.0.0/16", id="the shorter one elsewhere"),
        pytest.param(["203.0.113.7/32", "203.0.113.0/24"], "203.0.113.7", "203.0.113.7/32", id="one address"),
        pytest.param(["0.0.0.0/0"], "8.8.8.8", "0.0.0.0/0", id="all of IPv4"),
        pytest.param(["0.0.0.0/0"], "::1", "default", id="which is nothing of IPv6"),
        pytest.param(["2001:db8::/32"], "2001:db8:1::5", "2001:db8::/32", id="IPv6"),
        pytest.param(["2001:db8::/32", "2001:db8:1::/48"], "2001:db8:1::5", "2001:db8:1::/48", id="IPv6, longer wins"),
        pytest.param(["fe80::/10"], "fe80::1%eth0", "fe80::/10", id="IPv6 with a zone"),
        pytest.param(["203.0.113.0/24"], "::ffff:203.0.113.9", "203.0.113.0/24", id="IPv4 in IPv6"),
        pytest.param(["::1/128", "127.0.0.0/8"], "::1", "::1/128", id="loopback"),
        pytest.param(["0.0.0.0/0", "::/0"], "", "default", id="no address: a Unix socket"),
        pytest.param(["0.0.0.0/0", "::/0"], "testclient", "default", id="a name"),
        pytest.param([], "203.0.113.9", "default", id="no networks"),
    ],
)
def test_the_longest_prefix_wins(networks, address, expected):
    assert places(*networks, default=place("default"))(address).city == expected


def test_the_longest_prefix_wins_as_a_whole():
    wide, narrow = ViewerPlace(country="DE", city="Berlin", asn=64496), ViewerPlace(country="AT")
    found = Places([(ip_network("10.0.0.0/8"), wide), (ip_network("10.1.0.0/16"), narrow)])
    assert found("10.1.2.3") == narrow


def test_elsewhere_is_unknown():
    assert places("203.0.113.0/24")("198.51.100.1") == UNKNOWN
    assert nowhere("203.0.113.9") == UNKNOWN == ViewerPlace()


@given(st.ip_addresses(), st.lists(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(v=6), max_size=5))
def test_every_address_has_a_place(address, others):
    found = places(*(f"{other}/{other.max_prefixlen}" for other in others))
    assert found(str(address)) in {UNKNOWN, *(place(f"{other}/{other.max_prefixlen}") for other in others)}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("US", "United States"),  # §12
        ("DE", "Germany"),
        ("GB", "United Kingdom"),
        ("CW", "Curaçao"),
        ("ZW", "Zimbabwe"),
        ("AD", "Andorra"),
        ("XK", "Kosovo"),
        ("ZZ", ""),
    ],
)
def test_a_country_has_a_name(code, name):
    assert place_in(code) == ViewerPlace(country=code, country_name=name)


def test_all_of_iso_3166_is_there():
    assert len(COUNTRIES) == 249 + 1  # and Kosovo
    assert all(len(code) == 2 and code.isupper() and code.isascii() and name for code, name in COUNTRIES.items())
    assert len(set(COUNTRIES.values())) == len(COUNTRIES)
