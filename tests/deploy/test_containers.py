"""The container file and the Kubernetes manifest of `deploy/`: lawful, and true to the command line and to each other.

No container is built or run here, since no machine that tests has to have an engine for it. The linters read both
files, and whatever they name of edgerun is looked up in edgerun: commands, flags, variables, extras, paths, the
configuration. The probe asks a real server, which is then ended as an engine ends it.
"""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath

import click
import kubernetes_validate
import pytest
import yaml
from e2e.running import Running, edgerun, until

from edgerun.cli.root import COMMANDS, cli

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
MANIFEST = (DEPLOY / "kubernetes.yaml").read_text()
RESOURCES = list(yaml.safe_load_all(MANIFEST))
KUBERNETES = "1.37"
ADMIN = 8788


def resource(kind, name):
    (found,) = [one for one in RESOURCES if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def pods():
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in RESOURCES if one["kind"] == "Deployment"
    }


def container(name="edge"):
    (found,) = pods()[name]["containers"]
    return found


def instructions():
    """Return the container file's instructions, with continued lines joined."""
    text = re.sub(r"^#.*\n", "", CONTAINERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def of(instruction):
    return [rest for name, rest in instructions() if name == instruction]


def serve():
    return cli.get_command(click.Context(cli), "serve")


def refused(arguments):
    """Return what the command line says against a command, without running it."""
    name, *rest = arguments
    command = cli.get_command(click.Context(cli), name)
    try:
        command.make_context(name, rest, parent=click.Context(cli, **cli.context_settings))
    except click.UsageError as error:
        return error.format_message()
    return None


# ---------------------------------------------------------------- the container file


def test_the_container_file_passes_its_linter():
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run(
        [hadolint, "--no-color", DEPLOY / "Containerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_its_command_is_one_that_edgerun_takes():
    (entry,) = (yaml.safe_load(text) for text in of("ENTRYPOINT"))
    (command,) = (yaml.safe_load(text) for text in of("CMD"))
    assert entry == ["tini", "--", "edgerun"], "in exec form: signals reach edgerun, not a shell"
    assert command[0] in COMMANDS
    assert refused(command) is None
    assert refused([*command, "--no-such-flag"]) is not None


def test_what_it_copies_exists_and_is_let_through():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for text in of("COPY"):
        words = shlex.split(text)
        if words[0].startswith("--from"):
            continue
        for source in words[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored, source


def test_it_installs_extras_that_there_are_and_only_from_what_is_locked():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (named,) = re.findall(r'"edgerun\[([a-z0-9,]+)\]"', CONTAINERFILE)
    assert set(named.split(",")) == set(extras) - {"dev", "debug"}
    installs = re.findall(r"pip (?:install|wheel) [^&\n]*", CONTAINERFILE.replace("\\\n", " "))
    assert len(installs) == 4
    for line in installs:
        assert "--require-hashes" in line or "--no-index" in line or "--no-deps" in line, line


def test_its_python_is_the_one_that_the_lock_is_for():
    (locked,) = re.findall(r"pip-compile with Python ([\d.]+)", (ROOT / "requirements.txt").read_text())
    images = {text.split()[0] for text in of("FROM") if ":" in text}
    assert {re.match(r"python:([\d.]+)-slim-", image)[1] for image in images} == {locked}


def test_every_target_ends_as_a_user_without_rights():
    stages, users = [], {}
    for name, rest in instructions():
        if name == "FROM":
            stages.append(rest.split()[-1])
        elif name == "USER":
            users[stages[-1]] = rest
    assert stages[-1] == "edgerun", "what is built without --target"
    assert users == dict.fromkeys(("with-node", "edgerun"), "10001:10001")


# ---------------------------------------------------------------- the manifest


@pytest.mark.parametrize("one", RESOURCES, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_the_manifest_is_what_kubernetes_takes(one):
    assert kubernetes_validate.validate(one, KUBERNETES, strict=True) == KUBERNETES


def test_its_arguments_and_variables_are_ones_that_edgerun_takes():
    edge = container()
    assert refused(edge["args"]) is None
    known = {option.envvar for option in serve().params if isinstance(option, click.Option)}
    named = {variable["name"] for variable in edge["env"] if variable["name"].startswith("EDGERUN_")}
    assert named == {"EDGERUN_STORE"} <= known
    assert pods()["edge"]["enableServiceLinks"] is False, "a service named edgerun would set EDGERUN_PORT"


def test_its_configuration_is_one_that_edgerun_takes_where_it_is_mounted(tmp_path):
    data, workdir = resource("ConfigMap", "edge")["data"], PurePosixPath(of("WORKDIR")[-1])
    mounted = {one["subPath"]: one["mountPath"] for one in container()["volumeMounts"] if one["name"] == "config"}
    assert mounted.keys() == data.keys()
    for name, path in mounted.items():
        place = tmp_path / PurePosixPath(path).relative_to(workdir)
        place.parent.mkdir(exist_ok=True)
        place.write_text(data[name])
    store = {"EDGERUN_STORE": "redis://:secret@edge-redis:6379/0"}
    checked = edgerun("check", cwd=tmp_path, environment=store)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_the_manifest_refers_to_is_there():
    for name, pod in pods().items():
        (one,) = pod["containers"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert {mount["name"] for mount in one["volumeMounts"]} == volumes.keys()
        for volume in volumes.values():
            if "configMap" in volume:
                resource("ConfigMap", volume["configMap"]["name"])
        service = resource("Service", name)["spec"]
        assert service["selector"] == resource("Deployment", name)["spec"]["selector"]["matchLabels"]
        ports = {port["name"]: port["containerPort"] for port in one["ports"]}
        assert {port["targetPort"] for port in service["ports"]} == ports.keys()
    secrets = re.findall(r"secretKeyRef: \{name: ([\w-]+), key: (\w+)\}", MANIFEST)
    assert set(secrets) == {("edge-redis", "password")}
    assert "create secret generic edge-redis --from-literal=password=" in MANIFEST, "it says how to make it"
    (url,) = [variable["value"] for variable in container()["env"] if variable["name"] == "EDGERUN_STORE"]
    resource("Service", re.search(r"@([\w-]+):6379", url)[1])


def test_the_manifest_and_the_image_agree():
    (ui,) = [option for option in serve().params if option.name == "ui_port"]
    assert (ui.default, f"ADMIN = {ui.default}\n" in (DEPLOY / "probe.py").read_text()) == (ADMIN, True)
    edge, (exposed,) = container(), of("EXPOSE")
    assert [str(port["containerPort"]) for port in edge["ports"]] == [exposed]
    assert edge["args"][edge["args"].index("--port") + 1] == exposed
    probe = yaml.safe_load(of("HEALTHCHECK")[0].split("CMD")[1])
    assert edge["livenessProbe"]["exec"]["command"] == probe
    for kind in ("startupProbe", "readinessProbe"):
        assert edge[kind]["exec"]["command"] == [*probe, str(ADMIN), "/ready"]
    assert f"COPY deploy/probe.py {probe[-1]}" in CONTAINERFILE
    user = of("USER")[-1]
    context = pods()["edge"]["securityContext"]
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == user


@pytest.mark.parametrize("name", ["edge", "edge-redis"])
def test_containers_have_no_rights_that_they_do_not_need(name):
    assert pods()[name]["securityContext"]["runAsNonRoot"] is True
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} == container(name)["resources"]["requests"].keys()


def test_the_time_to_end_covers_the_pause_before_the_signal():
    pause = int(container()["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pods()["edge"]["terminationGracePeriodSeconds"] > pause + 10


# ---------------------------------------------------------------- the probe


def probed(port, *path):
    command = [sys.executable, "-I", "-S", DEPLOY / "probe.py", str(port), *path]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.process
def test_the_probe_tells_a_server_that_answers_from_one_that_does_not(tmp_path):
    (tmp_path / "index.html").write_text("home")
    with Running("serve", ".", "--host", "0.0.0.0", "--port", "0", "--ui-port", "0", "--json", cwd=tmp_path) as server:
        admin = until(lambda: server.events("ready"), "ready")[0]["admin_port"]
        healthy = probed(admin)
        assert (healthy.returncode, healthy.stderr) == (0, "")
        assert probed(admin, "/ready").returncode == 0
        wrong = probed(admin, "/no-such-page")
        assert (wrong.returncode, wrong.stderr) == (1, f"127.0.0.1:{admin}/no-such-page answered 404, expected 200\n")
        assert server.end() == 0
        gone = probed(admin)
        assert gone.returncode == 1
        assert "no answer from 127.0.0.1" in gone.stderr
