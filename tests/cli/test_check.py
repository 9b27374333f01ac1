"""`edgerun check`."""

import json


def test_a_good_configuration_is_told_in_short(project, command):
    ended = command("check")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[1:] == [
        "  *  → site (public)  CachingOptimized",
        "      viewer-request: greet (python ./greet.handler)",
        "edgerun.toml: fine",
    ]


def test_a_bad_configuration_is_told_with_line_and_hint(project, command):
    text = (project / "edgerun.toml").read_text()
    (project / "edgerun.toml").write_text(text.replace('"CachingOptimized"', '"CachingOptimised"'))
    ended = command("check")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("edgerun.toml:12: default_behavior.cache_policy: 'CachingOptimised' is not a policy")
    assert ended.err.endswith("did you mean 'CachingOptimized'?\n")


def test_every_unknown_key_has_its_line(project, command):
    (project / "edgerun.toml").write_text((project / "edgerun.toml").read_text() + "colour = 1\nviewer_respones = 1\n")
    first, second = command("check").err.splitlines()
    assert first.startswith("edgerun.toml:14: default_behavior.colour:")
    assert second.startswith("edgerun.toml:15: default_behavior.viewer_respones:")
    assert "did you mean 'viewer_response'?" in second


def test_findings_as_json(project, command):
    good = command("check", "--json")
    assert (good.code, json.loads(good.out)["ok"]) == (0, True)
    (project / "edgerun.toml").write_text("[origins.site\n")
    bad = command("check", "--json")
    found = json.loads(bad.out)
    assert (bad.code, bad.err, found["ok"]) == (2, "", False)
    assert found["errors"][0].startswith("edgerun.toml:1:")


def test_a_folder_is_checked_as_it_would_be_served(project, command):
    ended = command("check", "public")
    assert ended.code == 0
    assert "note: the cache policy is CachingOptimized" in ended.out
    assert ended.out.endswith("public: fine\n")


def test_the_schema_is_one_and_needs_no_configuration(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    ended = command("check", "--schema")
    assert ended.code == 0
    assert "default_behavior" in json.loads(ended.out)["properties"]
