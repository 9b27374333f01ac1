"""What is exported and imported again is what it was."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from test_export import FULL, configurations, project  # noqa: F401  # the fixture

from edgerun.config.build import build
from edgerun.config.exporters.cloudformation import export
from edgerun.config.exporters.functions import handler_file
from edgerun.config.faults import Source
from edgerun.config.importers.estate import Given
from edgerun.config.importers.importing import imported
from edgerun.config.load import load
from edgerun.distribution.model import Association, is_cloudfront
from edgerun.functions.function import code_file

# What a template gives anew, or keeps under another name.
NAMES = {"name", "id", "domain_name", "host_header", "list_bucket", "command"}


def plain(given):
    """Return a value without the names that things have: what it does, and in which order."""
    if isinstance(given, Association):
        function = given.function
        file = code_file(function) if is_cloudfront(function) else handler_file(function)
        code = Path(file).read_text()
        entry = function.handler.rpartition(".")[2]
        return (function.runtime, entry, function.timeout, function.memory, code, given.include_body)
    if is_dataclass(given):
        kept = [each.name for each in fields(given) if each.name not in NAMES]
        return {"kind": type(given).__name__} | {name: plain(getattr(given, name)) for name in kept}
    if isinstance(given, list | tuple):
        return [plain(each) for each in given]
    return dict(given) if hasattr(given, "items") else given


def again(config, folder, **flags):
    """Return the distribution of a configuration that was exported and imported."""
    path = folder / "edge.json"
    path.write_text(json.dumps(export(config, config.distributions[0]).template))
    source = imported(path, Given(kept=folder / "kept", **flags)).source
    return build(source, base=folder).config.distributions[0]


@pytest.fixture
def both(project, tmp_path):  # noqa: F811
    config = load(project / "edgerun.toml").config
    there = again(
        config,
        tmp_path,
        parameters={
            "CodeBucket": "code",
            "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a",
            "DomainNameApi": "api.example.com",
            "DomainNameBalanced": "balanced.example.com",
        },
        origins={
            "site": str(project / "site"),
            "old-site": str(project / "site"),
            "api": "http://127.0.0.1:3000",
            "own": "http://127.0.0.1:3001",
        },
        code={
            "FunctionNeighbours": f"{project / 'many/main.py'}:handler",
            "KeyValueStoreLight": str(project / "store.json"),
        },
    )
    return config.distributions[0], there


def test_behaviors_policies_functions_and_keys_come_back(both):
    here, there = both
    for mine, theirs in zip(here.all_behaviors, there.all_behaviors, strict=True):
        left, right = plain(mine), plain(theirs)
        for place in ("origin", "origin_group"):  # compared below, kind by kind
            left.pop(place, None)
            right.pop(place, None)
        assert right == left


def test_what_concerns_the_whole_comes_back(both):
    here, there = both
    for name in ("aliases", "default_root_object", "enabled", "geo_restriction", "error_responses"):
        assert plain(getattr(there, name)) == plain(getattr(here, name)), name


def test_origins_and_their_groups_come_back(both):
    here, there = both
    assert [each.origin.name for each in there.all_behaviors] == [each.origin.name for each in here.all_behaviors]
    (mine,), (theirs,) = ([each.origin_group for each in one.all_behaviors if each.origin_group] for one in both)
    assert (theirs.name, theirs.status_codes) == (mine.name, mine.status_codes)
    assert [theirs.primary.name, theirs.secondary.name] == [mine.primary.name, mine.secondary.name]
    partner = next(each.origin for each in here.behaviors if each.origin.name == "partner")
    back = next(each.origin for each in there.behaviors if each.origin.name == "partner")
    assert plain(back) == plain(partner)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(configurations())
def test_any_distribution_comes_back(tmp_path, data):
    config = build(Source(name="", data=data), base=tmp_path).config
    assert plain(again(config, tmp_path)) == plain(config.distributions[0])
