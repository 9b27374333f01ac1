"""The token of the admin port: the same one over restarts, so that an open page and a bookmark go on working."""

import os
import re
import secrets
import stat
from pathlib import Path
from typing import Final

FILE: Final = "token"
_FORM: Final = re.compile(r"[\w-]{32,200}", re.ASCII)


def kept_token(home: Path) -> str:
    """Return the token of a state folder, a new one if there is none that its user alone has seen.

    A folder that cannot be written to costs the memory of it: the token then lasts as long as the server.

    Args:
        home: the state folder, which need not exist.
    """
    path = home / FILE
    found = _read(path)
    if found is not None:
        return found
    token = secrets.token_urlsafe(24)
    try:
        home.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return _read(path) or token  # another server was quicker
    except OSError:
        return token
    with os.fdopen(made, "w", encoding="ascii") as file:
        file.write(token)
    return token


def _read(path: Path) -> str | None:
    """Return the token of a file that is its user's and nobody else could read; None of any other."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(opened, encoding="ascii", errors="replace") as file:
        facts = os.fstat(opened)
        private = stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o077
        token = file.read(1000) if private else ""
    return token if _FORM.fullmatch(token) else None
