"""`function` of an origin: what is made of it, and what a function may have there and not at the edge."""

import pytest

HEAD = '[functions.f]\nhandler = "fns/ab_test.py"\n'
ORIGIN = '\n[origins.site]\nfunction = "f"\n'
REST = '\n[default_behavior]\norigin = "site"\ncache_policy = "CachingOptimized"\n'


def origin(read, lines=""):
    return read(HEAD + ORIGIN + lines + REST).config.origins["site"]


def test_a_function_has_a_url_unless_it_is_said_otherwise(read):
    made = origin(read)
    assert (made.function, made.payload, made.multi_value) == ("f", "function-url", False)
    prefix, _, rest = made.domain_name.partition(".")
    assert (len(prefix), rest) == (32, "lambda-url.us-east-1.on.aws")


def test_a_load_balancer_has_a_name_of_its_own(read):
    made = origin(read, 'payload = "alb"\nmulti_value = true\n')
    assert made.multi_value
    assert made.domain_name.startswith("site-")
    assert made.domain_name.endswith(".us-east-1.elb.amazonaws.com")


def test_an_origin_may_take_fifteen_minutes_and_has_variables_and_its_own_name(read):
    more = 'timeout = 900\nenvironment = { STAGE = "local" }\n'
    loaded = read(HEAD + more + ORIGIN + REST)
    function = loaded.config.functions["f"]
    assert (function.timeout, function.environment["STAGE"], function.deployed_as) == (900.0, "local", "")
    (note,) = loaded.notes
    assert note.endswith("origins.site.function: 'f' may take 900 s, and CloudFront gives up after read_timeout, 30 s")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("timeout = 31\n", "function 'f' has timeout 31, and at the edge 30 seconds are the most"),
        ('environment = { A = "b" }\n', "function 'f' has environment variables, and Lambda@Edge has none"),
    ],
)
def test_at_a_point_the_edges_limits_hold_for_it_too(refusal, more, said):
    lines = refusal(HEAD + more + ORIGIN + REST + 'origin_request = "f"\n')
    assert any(said in line for line in lines), lines


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("multi_value = true\n", "origins.site.multi_value: only an origin with payload = 'alb' has this key"),
        ('payload = "url"\n', "origins.site.payload: expected 'function-url' or 'alb', got 'url'"),
        ('url = "http://h"\n', "origins.site: expected exactly one of 'directory', 'url', 'bucket' and 'function'"),
        ('region = "a"\n', "origins.site.region: only an origin with 'bucket' has this key"),
    ],
)
def test_what_is_refused(refusal, lines, said):
    found = refusal(HEAD + ORIGIN + lines + REST)
    assert any(said in line for line in found), found


def test_a_cloudfront_function_answers_nothing_of_its_own(refusal, project):
    (project / "fns/light.js").write_text("function handler(event) { return event.request; }\n")
    light = '[functions.f]\nhandler = "fns/light.js"\nruntime = "cloudfront-js-2.0"\n'
    assert any("is a CloudFront Function" in line for line in refusal(light + ORIGIN + REST))


def test_a_url_does_not_get_the_viewers_host(read):
    policy = '\n[cache_policies.host]\nheaders = ["Host"]\n'
    (note,) = read(HEAD + ORIGIN + policy + REST.replace("CachingOptimized", "host")).notes
    assert "sends Host to the origin, which a function's URL refuses" in note
