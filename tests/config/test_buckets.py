"""`bucket` of an origin: what is made of it, what is refused; and Origin Shield."""

import pytest

from edgerun.distribution.api_form import distribution_config

HEAD = "[origins.site]\n"
REST = '\n[default_behavior]\norigin = "site"\ncache_policy = "CachingOptimized"\n'


def origin(read, lines):
    return read(HEAD + lines + REST).config.origins["site"]


def test_a_bucket_of_aws_is_reached_by_its_host_over_https(read):
    made = origin(read, 'bucket = "shop"\nregion = "eu-west-1"')
    host = "shop.s3.eu-west-1.amazonaws.com"
    assert (made.domain_name, made.host, made.host_header) == (host, host, host)
    assert (made.scheme, made.port, made.path_style, made.region, made.sign) == ("https", 443, False, "eu-west-1", None)


def test_a_bucket_of_another_server_is_a_part_of_the_path(read):
    made = origin(read, 'bucket = "shop"\nendpoint = "http://minio:9000"\nprofile = "local"\nsign = true')
    assert (made.scheme, made.host, made.port, made.host_header) == ("http", "minio", 9000, "minio:9000")
    assert (made.path_style, made.profile, made.sign) == (True, "local", True)
    assert made.domain_name == "shop.s3.us-east-1.amazonaws.com"


def test_the_api_tells_a_bucket_as_one(read):
    found = distribution_config(read(HEAD + 'bucket = "shop"' + REST).config.distributions[0], "123456789012")
    (told,) = found["Origins"]["Items"]
    assert told["S3OriginConfig"] == {"OriginAccessIdentity": "", "OriginReadTimeout": 30}
    assert told["DomainName"] == "shop.s3.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('bucket = "Shop"', "origins.site.bucket: expected 3 to 63 small letters, digits, '-' and '.', got 'Shop'"),
        ('bucket = "b"', "origins.site.bucket: expected 3 to 63 small letters, digits, '-' and '.', got 'b'"),
        ('bucket = "1.2.3.4"', "origins.site.bucket: expected 3 to 63 small letters"),
        ('bucket = "shop"\nregion = "a b"', "origins.site.region: expected a region such as 'eu-west-1', got 'a b'"),
        ('bucket = "shop"\nendpoint = "minio"', "origins.site.endpoint: expected http://HOST[:PORT] or"),
        ('bucket = "shop"\nendpoint = "http://h/p"', "origins.site.endpoint: expected no path"),
        ('bucket = "shop"\nprofile = "p"\nsign = false', "origins.site.profile: is of no use with sign = false"),
        ('bucket = "shop"\nwebsite = true', "origins.site.website: only an origin with 'directory' has this key"),
        ('bucket = "shop"\ncommand = "x"', "origins.site.command: only an origin with 'url' has this key"),
        (
            'bucket = "shop"\nurl = "http://h"',
            "origins.site: expected exactly one of 'directory', 'url', 'bucket' and 'function'",
        ),
        ('url = "http://h"\nsign = true', "origins.site.sign: only an origin with 'bucket' has this key"),
        ('directory = "public"\nregion = "a"', "origins.site.region: only an origin with 'bucket' has this key"),
    ],
)
def test_what_is_refused(refusal, lines, said):
    found = refusal(HEAD + lines + REST)
    assert any(said in line for line in found), found


def test_a_flag_puts_another_place_where_the_bucket_was(read):
    text = HEAD + 'bucket = "shop"\nregion = "eu-west-1"\nsign = true' + REST
    assert read(text, origins={"site": "http://127.0.0.1:1"}).config.origins["site"].port == 1
    assert read(text, origins={"site": "public"}).config.origins["site"].directory.endswith("public")


def test_origin_shield_is_noted_and_has_no_effect(read):
    plain = read(HEAD + 'directory = "public"' + REST)
    loaded = read(HEAD + 'directory = "public"\norigin_shield = "eu-west-1"' + REST)
    (note,) = loaded.notes
    assert "origins.site.origin_shield: has no effect" in note
    assert loaded.config.origins == plain.config.origins
