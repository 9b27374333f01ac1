"""Questions and orders to a running server, through its admin port."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgerun.home import home

if TYPE_CHECKING:
    import httpx2


def ask(
    config_path: Path | None, method: str, path: str, order: object = None, patience: float = 10.0
) -> dict[str, Any]:
    """Ask the server that runs for a configuration; return what it says.

    Args:
        config_path: the configuration file; the one of the current folder if None.
        method: GET or POST.
        path: on the admin port.
        order: sent as JSON, if it is given.
        patience: seconds to wait for the answer.

    Raises:
        click.UsageError: no server runs, or it refuses the order.
        click.ClickException: the server does not answer.
    """
    with _answer(config_path, method, path, order, patience) as answer:
        told: dict[str, Any] = json.loads(answer.read())
        return told


def ask_for_lines(config_path: Path | None, path: str, order: object) -> Iterator[dict[str, Any]]:
    """Ask as `ask` does, with POST, and yield what comes line by line, while it comes."""
    with _answer(config_path, "POST", path, order, 10.0) as answer:
        for line in answer.iter_lines():
            yield json.loads(line)


@contextmanager
def _answer(
    config_path: Path | None, method: str, path: str, order: object, patience: float
) -> "Iterator[httpx2.Response]":
    import httpx2  # noqa: PLC0415  # only commands that ask a server

    from edgerun.admin.app import TOKEN_HEADER  # noqa: PLC0415
    from edgerun.admin.port import running  # noqa: PLC0415

    folder = home(config_path or Path())
    server = running(folder)
    if server is None:
        raise click.UsageError(
            f"no edgerun runs for {folder.parent.resolve()}: start one with edgerun dev, or give --config"
        )
    url, headers = f"{server.url}{path}", {TOKEN_HEADER: server.token}
    try:
        with httpx2.stream(method, url, json=order, headers=headers, timeout=patience) as answer:
            if answer.status_code >= 400:
                raise click.UsageError(str(json.loads(answer.read()).get("error", answer.text)))
            yield answer
    except (httpx2.HTTPError, ValueError) as error:
        raise click.ClickException(f"the server of {folder.parent.resolve()} does not answer: {error}") from error
