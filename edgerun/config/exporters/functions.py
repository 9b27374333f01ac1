"""Functions as CloudFormation resources: their code in the template where it fits there, else beside it."""

import ast
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from edgerun.config.exporters.policies import Form, resource
from edgerun.functions.function import Function, code_file

INLINE: Final = 4_096_000  # Lambda's limit for code in a template
RUNTIMES: Final = {"python": "python3.13", "nodejs": "nodejs22.x"}
SUFFIXES: Final = {"python": (".py",), "nodejs": (".js", ".mjs", ".cjs")}
LEFT_OUT: Final = frozenset({"__pycache__", ".git", ".edgerun", ".venv"})
ROLE: Final = "EdgeFunctionRole"
# A fixed moment: the same code makes the same archive.
_DATE: Final = (1980, 1, 1, 0, 0, 0)


def role() -> Form:
    """Return the role that functions at the edge run under."""
    trusted = {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]}
    statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "ManagedPolicyArns": [
                {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
            ],
        },
    }


def lambda_function(function: Function) -> tuple[Form, bytes | None]:
    """Return an `AWS::Lambda::Function`, and its archive when the code does not fit in the template."""
    module, _, name = function.handler.rpartition(".")
    file = handler_file(function)
    archive = None
    code: Form = {}
    handler = function.handler
    if file is not None and file.stat().st_size <= INLINE and stands_alone(file, Path(function.root)):
        code["ZipFile"] = file.read_text()
        handler = f"index.{name}"
    else:
        archive = zipped(Path(function.root))
        code = {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": f"{function.name}.zip"}
    properties: dict[str, Any] = {
        "Description": f"{function.name}, {module}.{name}",
        "Runtime": RUNTIMES.get(function.runtime, "provided.al2023"),
        "Handler": handler,
        "Timeout": int(function.timeout),
        "MemorySize": function.memory,
        "Role": {"Fn::GetAtt": [ROLE, "Arn"]},
        "Code": code,
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties}, archive


def lambda_version(logical: str) -> Form:
    """Return the version that behaviors refer to: CloudFront takes no `$LATEST`."""
    return {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": logical}}}


def cloudfront_function(function: Function, store: str) -> Form:
    """Return an `AWS::CloudFront::Function`; `store` is the logical id of its key-value store, or ""."""
    config: Form = {"Comment": function.name, "Runtime": function.runtime}
    if store:
        arn = {"Fn::GetAtt": [store, "Arn"]}
        config["KeyValueStoreAssociations"] = [{"KeyValueStoreARN": arn}]
    text = Path(code_file(function)).read_text()
    name = re.sub(r"[^a-zA-Z0-9_-]", "-", function.name)
    properties = {"Name": name, "AutoPublish": True, "FunctionConfig": config, "FunctionCode": text}
    return resource("Function", properties)


def handler_file(function: Function) -> Path | None:
    """Return the file of a function's handler, or None when there is none of a suffix that is known."""
    module = Path(function.root) / function.handler.rpartition(".")[0]
    for suffix in SUFFIXES.get(function.runtime, ()):
        if (path := module.with_name(module.name + suffix)).is_file():
            return path
    return None


def stands_alone(file: Path, root: Path) -> bool:
    """Tell whether a file needs no other one of its folder."""
    text = file.read_text()
    if file.suffix == ".py":
        return not any((root / name).is_dir() or (root / f"{name}.py").is_file() for name in _imported(text))
    # Inline code is CommonJS to Lambda, and knows no neighbours.
    return file.suffix == ".js" and not re.search(r"""(?:from|import|require\()\s*['"]\.""", text)


def zipped(root: Path) -> bytes:
    """Return a folder as the archive that Lambda takes; the same files make the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root)
            if path.is_file() and LEFT_OUT.isdisjoint(inside.parts):
                entry = zipfile.ZipInfo(inside.as_posix(), _DATE)
                entry.external_attr = (path.stat().st_mode & 0o777) << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _imported(text: str) -> Iterator[str]:
    """Yield the top names of what a Python module imports; everything relative counts as a neighbour."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0] if not node.level else "."
