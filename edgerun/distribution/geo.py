"""Where viewers are: places, and which address is at which of them (`spec/cloudfront.md` §12)."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from edgerun.values import value

Network = IPv4Network | IPv6Network


@value
class ViewerPlace:
    """What is known of where a viewer is; "", 0 and None mean unknown.

    `country` is an ISO 3166-1 code of two letters, `region` the broadest subdivision's code of ISO 3166-2 without
    the country's, `metro_code` exists in the US only, `time_zone` is a name such as `Europe/Berlin`.
    """

    country: str = ""
    country_name: str = ""
    region: str = ""
    region_name: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None
    metro_code: int = 0
    postal_code: str = ""
    time_zone: str = ""
    asn: int = 0


PlaceOf = Callable[[str], ViewerPlace]

UNKNOWN: Final = ViewerPlace()


def nowhere(_address: str) -> ViewerPlace:
    """Return the place of a viewer of whom nothing is known."""
    return UNKNOWN


@lru_cache(maxsize=256)
def place_in(country: str) -> ViewerPlace:
    """Return the place of a viewer of whom the country is all that is known."""
    return ViewerPlace(country=country, country_name=COUNTRIES.get(country, ""))


class Places:
    """Places by network: the longest prefix that holds an address wins, as a whole.

    An IPv4 address inside IPv6 (`::ffff:192.0.2.1`) counts as the IPv4 address.
    """

    __slots__ = ("_default", "_tables")

    def __init__(self, networks: Iterable[tuple[Network, ViewerPlace]], default: ViewerPlace = UNKNOWN) -> None:
        self._default = default
        found: dict[int, dict[int, dict[int, ViewerPlace]]] = {4: {}, 6: {}}
        for network, place in networks:
            shift = network.max_prefixlen - network.prefixlen
            found[network.version].setdefault(shift, {})[int(network.network_address) >> shift] = place
        # By version: how many bits of an address do not count, fewest first, and the places by the other bits.
        self._tables = {version: sorted(table.items(), key=_shift) for version, table in found.items()}

    def __call__(self, address: str) -> ViewerPlace:
        """Return the place of an address, the default one for what no network holds."""
        parsed = _parsed(address)
        if parsed is None:
            return self._default
        bits = int(parsed)
        for shift, places in self._tables[parsed.version]:
            place = places.get(bits >> shift)
            if place is not None:
                return place
        return self._default


def _shift(table: tuple[int, object]) -> int:
    return table[0]


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


# ISO 3166-1 and XK, with the short names that location databases use ("United States", as in §12).
_COUNTRIES: Final = """
AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|AM Armenia|AO Angola
AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX Åland Islands|AZ Azerbaijan
BA Bosnia and Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi
BJ Benin|BL Saint Barthélemy|BM Bermuda|BN Brunei|BO Bolivia|BQ Bonaire, Sint Eustatius, and Saba|BR Brazil|BS Bahamas
BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus|BZ Belize|CA Canada|CC Cocos (Keeling) Islands|CD DR Congo
CF Central African Republic|CG Congo Republic|CH Switzerland|CI Ivory Coast|CK Cook Islands|CL Chile|CM Cameroon
CN China|CO Colombia|CR Costa Rica|CU Cuba|CV Cabo Verde|CW Curaçao|CX Christmas Island|CY Cyprus|CZ Czechia|DE Germany
DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt|EH Western Sahara
ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FK Falkland Islands|FM Federated States of Micronesia
FO Faroe Islands|FR France|GA Gabon|GB United Kingdom|GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana
GI Gibraltar|GL Greenland|GM Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece
GS South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|HK Hong Kong
HM Heard Island and McDonald Islands|HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel
IM Isle of Man|IN India|IO British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica
JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN Saint Kitts and Nevis|KP North Korea
KR South Korea|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon|LC Saint Lucia|LI Liechtenstein
LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MC Monaco|MD Moldova
ME Montenegro|MF Saint Martin|MG Madagascar|MH Marshall Islands|MK North Macedonia|ML Mali|MM Myanmar|MN Mongolia
MO Macao|MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV Maldives
MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|NG Nigeria
NI Nicaragua|NL Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman|PA Panama|PE Peru
PF French Polynesia|PG Papua New Guinea|PH Philippines|PK Pakistan|PL Poland|PM Saint Pierre and Miquelon
PN Pitcairn Islands|PR Puerto Rico|PS Palestine|PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Réunion|RO Romania
RS Serbia|RU Russia|RW Rwanda|SA Saudi Arabia|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore
SH Saint Helena|SI Slovenia|SJ Svalbard and Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia
SR Suriname|SS South Sudan|ST São Tomé and Príncipe|SV El Salvador|SX Sint Maarten|SY Syria|SZ Eswatini
TC Turks and Caicos Islands|TD Chad|TF French Southern Territories|TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau
TL Timor-Leste|TM Turkmenistan|TN Tunisia|TO Tonga|TR Türkiye|TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|TZ Tanzania
UA Ukraine|UG Uganda|UM U.S. Outlying Islands|US United States|UY Uruguay|UZ Uzbekistan|VA Vatican City
VC Saint Vincent and the Grenadines|VE Venezuela|VG British Virgin Islands|VI U.S. Virgin Islands|VN Vietnam
VU Vanuatu|WF Wallis and Futuna|WS Samoa|XK Kosovo|YE Yemen|YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe
"""

COUNTRIES: Final = {entry[:2]: entry[3:] for entry in _COUNTRIES.strip().replace("\n", "|").split("|")}
