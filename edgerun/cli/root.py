"""The root command; its subcommands are imported when they are called, so that the start is quick."""

import difflib
import gc
import importlib
import keyword
import sys
import time
from pathlib import Path
from typing import Final

import click

from edgerun import __version__
from edgerun.errors import ConfigError, PortInUse

STARTED: Final = time.perf_counter()

COMMANDS: Final = {
    "dev": "edgerun.cli.serve",
    "serve": "edgerun.cli.serve",
    "check": "edgerun.cli.check",
    "invoke": "edgerun.cli.invoke",
    "ab": "edgerun.cli.ab",
    "explain": "edgerun.cli.explain",
    "cache": "edgerun.cli.cache",
    "clock": "edgerun.cli.clock",
    "logs": "edgerun.cli.logs",
    "trace": "edgerun.cli.trace",
    "replay": "edgerun.cli.replay",
    "ca": "edgerun.cli.ca",
    "sign": "edgerun.cli.sign",
    "export": "edgerun.cli.export",
    "import": "edgerun.cli.importing",
    "init": "edgerun.cli.init",
}

YOUNG: Final = 50_000
"""Objects made before the collector looks for cycles: imports make very many, and next to nothing that is garbage."""

CONFIGURATIONS: Final = (".toml", ".json", ".yaml", ".yml", ".template")


class Root(click.Group):
    """Loads commands late, and takes `edgerun PATH` for `edgerun dev PATH`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's interface
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        command: click.Command = getattr(importlib.import_module(module), name)
        return with_variables(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        first = args[0]
        looks_like_a_path = "/" in first or first.startswith(".") or first.endswith(CONFIGURATIONS)
        if first not in COMMANDS and looks_like_a_path:
            args = ["dev", *args]
        elif first not in COMMANDS and not first.startswith("-"):
            ctx.fail(f"there is no command {first!r}{_meant(first)}")
        return super().resolve_command(ctx, args)


def _meant(word: str) -> str:
    if Path(word).exists():
        return f"; to serve it: edgerun dev {word}"
    near = difflib.get_close_matches(word.lower(), COMMANDS, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(COMMANDS)}"


def with_variables(command: click.Command) -> click.Command:
    """Let every option be given by the environment too: `--strict-port` by `EDGERUN_STRICT_PORT`."""
    for option in command.params:
        longest = max(option.opts, key=len)
        if isinstance(option, click.Option) and longest != "--help":
            option.envvar = "EDGERUN_" + longest.removeprefix("--").replace("-", "_").upper()
    return command


@click.command(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edgerun")
def cli() -> None:
    """A caching edge with Lambda@Edge functions, faithful to CloudFront, on your machine.

    `edgerun .` serves the folder's edgerun.toml, or the folder itself, and reloads on save.
    """


def main() -> None:
    """Run the command line and exit."""
    if sys.platform == "win32":
        click.echo("edgerun does not run on Windows itself; it does in WSL, the Windows Subsystem for Linux.", err=True)
        sys.exit(2)
    gc.set_threshold(YOUNG)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command line; return its exit code."""
    try:
        result = cli.main(args=arguments, prog_name="edgerun", standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ConfigError as error:
        click.echo(str(error), err=True)
        return 2
    except PortInUse as error:
        click.echo(str(error), err=True)
        return 3
    return result if isinstance(result, int) else 0
