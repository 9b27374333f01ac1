"""The root command; its subcommands are imported when they are called, so that the start is quick."""

import importlib
import sys
import time
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
}


class Root(click.Group):
    """Loads commands late, and takes `edgerun PATH` for `edgerun dev PATH`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's interface
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(importlib.import_module(module), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        first = args[0]
        looks_like_a_path = "/" in first or first.startswith(".") or first.endswith((".toml", ".json"))
        if first not in COMMANDS and looks_like_a_path:
            args = ["dev", *args]
        return super().resolve_command(ctx, args)


@click.command(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "EDGERUN"})
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
