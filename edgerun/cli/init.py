"""`edgerun init`: a project from a template, that serves at once and has its own tests."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

TEMPLATES: Final = Path(__file__).parents[1] / "templates"
NAMES: Final = ("ab-test", "auth-basic", "auth-jwt", "redirects", "headers", "spa", "s3-site")
FRESH: Final = "{{secret}}"  # stands in a template for a new one
UNSEEN: Final = {"gitignore": ".gitignore"}  # so named here lest it hides what lies beside it
LEFT: Final = {"__pycache__", ".pytest_cache", "node_modules", ".edgerun"}


@click.command()
@click.argument("directory", required=False, default=".", metavar="[DIR]", type=click.Path(path_type=Path))
@click.option(
    "--template", type=click.Choice(NAMES), default=NAMES[0], show_default=True, help="What to begin with; see --list."
)
@click.option("--typescript", is_flag=True, help="The functions in TypeScript, where the template has them.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.option("--list", "listed", is_flag=True, help="List the templates and end.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def init(*, directory: Path, template: str, typescript: bool, force: bool, listed: bool, as_json: bool) -> int:
    """Write a project that serves at once into DIR, or into the current folder.

    Nothing is written when a file of it is there already and says something else: exit code 1, unless --force is given.
    """
    if listed:
        click.echo(_listing(as_json=as_json))
        return 0
    language = "typescript" if typescript else "python"
    if typescript and "typescript" not in languages(template):
        having = ", ".join(name for name in NAMES if "typescript" in languages(name))
        raise click.UsageError(f"the template {template!r} is not there in TypeScript; these are: {having}")
    files = files_of(template, language)
    _check_folders(directory, files)
    existing = [name for name, content in files.items() if _differs(directory / name, content)]
    said: dict[str, Any] = {"template": template, "language": language, "directory": str(directory)}
    if existing and not force:
        _refuse(directory, existing, said, as_json=as_json)
        return 1
    written = [name for name, content in files.items() if _write(directory / name, content)]
    if as_json:
        click.echo(json.dumps({"ok": True, **said, "existing": existing, "written": written}))
        return 0
    click.echo("\n".join([*(f"wrote {directory / name}" for name in written), "", *_next(directory, typescript)]))
    return 0


def languages(template: str) -> list[str]:
    """Return the languages that a template is there in: `python`, `typescript`."""
    return [name for name in ("python", "typescript") if (TEMPLATES / template / name).is_dir()]


def about(template: str) -> str:
    """Return what a template is, in a line."""
    return (TEMPLATES / template / "about.txt").read_text("utf-8").strip()


def files_of(template: str, language: str) -> dict[str, str]:
    """Return a new project's files: texts by relative path, the secrets in them new."""
    layers = ["common", f"{template}/files", f"{template}/{language}"]
    if language == "typescript":
        layers.insert(1, "common-typescript")
    made: dict[str, str] = {}
    for layer in layers:
        for path in _walk(TEMPLATES / layer):
            name = str(path.relative_to(TEMPLATES / layer).with_name(UNSEEN.get(path.name, path.name)))
            text = path.read_text("utf-8").replace(FRESH, secrets.token_urlsafe(32))
            # What a project ignores is what all ignore, and what its template adds.
            made[name] = made.get(name, "") + text if name in UNSEEN.values() else text
    return dict(sorted(made.items()))


def _walk(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not LEFT & set(path.parts))


def _listing(*, as_json: bool) -> str:
    if as_json:
        rows = [{"name": name, "about": about(name), "languages": languages(name)} for name in NAMES]
        return json.dumps({"templates": rows})
    widest = max(map(len, NAMES))
    rest = {name: ", also in TypeScript" if "typescript" in languages(name) else "" for name in NAMES}
    return "\n".join(f"{name:<{widest}}  {about(name)}{rest[name]}" for name in NAMES)


def _refuse(directory: Path, existing: list[str], said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"ok": False, **said, "existing": existing, "written": []}))
        return
    lines = [f"{directory / name} is there already" for name in existing]
    click.echo("\n".join([*lines, "nothing is written; --force overwrites them"]), err=True)


def _check_folders(directory: Path, files: dict[str, str]) -> None:
    """Refuse to write where a file stands in a folder's place, or a folder in a file's."""
    folders = {directory / parent for name in files for parent in Path(name).parents}
    for folder in sorted(folders):
        if folder.exists() and not folder.is_dir():
            raise click.UsageError(f"{folder}: expected a folder, found a file")
    for name in files:
        if (directory / name).is_dir():
            raise click.UsageError(f"{directory / name}: expected a file, found a folder")


def _differs(path: Path, content: str) -> bool:
    if not path.exists():
        return path.is_symlink()
    return path.read_bytes() != content.encode()


def _write(path: Path, content: str) -> bool:
    """Write a file unless it says the same; tell whether it was written. A link is replaced, not followed."""
    if path.exists() and not _differs(path, content):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    path.write_text(content, "utf-8")
    return True


def _next(directory: Path, typescript: bool) -> list[str]:
    here = [] if directory == Path() else [f"  cd {directory}"]
    installing = ["  npm install"] if typescript else []
    return [
        "Next:",
        *here,
        *installing,
        "  edgerun dev        serves it, and takes over every save",
        "  pytest             runs its tests",
    ]
