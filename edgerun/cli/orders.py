"""Questions and orders to a running server, through its admin port."""

from pathlib import Path
from typing import Any

import click

from edgerun.home import home


def ask(config_path: Path | None, method: str, path: str, order: object = None) -> dict[str, Any]:
    """Ask the server that runs for a configuration; return what it says.

    Args:
        config_path: the configuration file; the one of the current folder if None.
        method: GET or POST.
        path: on the admin port.
        order: sent as JSON, if it is given.

    Raises:
        click.UsageError: no server runs, or it refuses the order.
        click.ClickException: the server does not answer.
    """
    import httpx2  # noqa: PLC0415  # only commands that ask a server

    from edgerun.admin.app import TOKEN_HEADER  # noqa: PLC0415
    from edgerun.admin.port import running  # noqa: PLC0415

    folder = home(config_path or Path())
    server = running(folder)
    if server is None:
        raise click.UsageError(
            f"no edgerun runs for {folder.parent.resolve()}: start one with edgerun dev, or give --config"
        )
    headers = {TOKEN_HEADER: server.token}
    try:
        answer = httpx2.request(method, f"{server.url}{path}", json=order, headers=headers, timeout=10.0)
        told: dict[str, Any] = answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise click.ClickException(f"the server of {folder.parent.resolve()} does not answer: {error}") from error
    if answer.status_code >= 400:
        raise click.UsageError(str(told.get("error", answer.text)))
    return told
