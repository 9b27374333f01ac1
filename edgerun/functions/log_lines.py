"""What Lambda and CloudFront write into a function's log besides what the function prints.

Every line exists in CloudWatch's text form and in its JSON form; a moment such as the end of an invocation is a
function that returns its lines in order.

Sources: spec/lambda-service.md §3.4, §3.5; spec/lambda-at-edge.md §9.3, §10.5.
"""

import json
import math
import re
from datetime import UTC, datetime
from typing import Final, Literal

from edgerun.values import value

LogFormat = Literal["text", "json"]
Status = Literal["success", "error", "timeout"]
Phase = Literal["init", "invoke"]  # where INIT runs: before the first invocation, or again inside one

ON_DEMAND: Final = "on-demand"
TIMED_OUT: Final = "Sandbox.Timedout"
_PLATFORM_TYPE: Final = re.compile(r"(?:Runtime|Function|Sandbox|Extension)\.[A-Z][a-zA-Z]+")


@value
class EnvironmentFacts:
    """What one environment runs."""

    function_name: str
    version: str
    runtime_version: str
    runtime_version_arn: str


@value
class InvocationFacts:
    """One invocation, when it has ended.

    Attributes:
        duration: seconds from its start to its end.
        memory_size: MB it may use.
        max_memory: MB it used at most.
        init_duration: seconds INIT took, for the first invocation of an environment.
        error_type: Lambda's word for how it failed, "" if it did not.
        message: what the platform itself says of its end, "" if the runtime spoke.
    """

    aws_request_id: str
    duration: float
    memory_size: int
    max_memory: int
    init_duration: float | None = None
    error_type: str = ""
    message: str = ""


# -- moments


def init_start(form: LogFormat, now: float, environment: EnvironmentFacts, phase: Phase = "init") -> list[str]:
    return [json_init_start(now, environment, phase) if form == "json" else text_init_start(environment)]


def init_failed(form: LogFormat, now: float, duration: float, error_type: str, phase: Phase = "init") -> list[str]:
    """Return what follows an INIT that failed; one that succeeds is silent at the usual log level."""
    if form == "text":
        return [text_init_report(duration, error_type, phase)]
    return [json_init_runtime_done(now, error_type, phase), json_init_report(now, duration, error_type, phase)]


def start(form: LogFormat, now: float, aws_request_id: str, version: str) -> list[str]:
    return [json_start(now, aws_request_id, version) if form == "json" else text_start(aws_request_id, version)]


def finish(form: LogFormat, now: float, facts: InvocationFacts) -> list[str]:
    """Return what follows the last line of an invocation."""
    failed = status_of(facts.error_type) != "success"
    if form == "json":
        return [*([json_runtime_done(now, facts)] if failed else []), json_report(now, facts)]
    lines = [text_end(facts.aws_request_id), text_report(facts)]
    if facts.error_type == TIMED_OUT:
        lines.insert(0, text_timed_out(now, facts.aws_request_id, facts.duration))
    elif facts.message.startswith("RequestId: "):
        lines.append(text_exited(facts.message, facts.error_type))
    return lines


def whole(form: LogFormat, begun: float, ended: float, facts: InvocationFacts, version: str) -> str:
    """Return all that is written about an invocation that printed nothing, line below line."""
    return "\n".join((*start(form, begun, facts.aws_request_id, version), *finish(form, ended, facts)))


# -- the text form


def text_init_start(environment: EnvironmentFacts) -> str:
    return (
        f"INIT_START Runtime Version: {environment.runtime_version}\t"
        f"Runtime Version ARN: {environment.runtime_version_arn}"
    )


def text_init_report(duration: float, error_type: str, phase: Phase = "init") -> str:
    return f"INIT_REPORT Init Duration: {duration * 1000:.2f} ms\tPhase: {phase}\t{_status_fields(error_type)}"


def text_start(aws_request_id: str, version: str) -> str:
    return f"START RequestId: {aws_request_id} Version: {version}"


def text_end(aws_request_id: str) -> str:
    return f"END RequestId: {aws_request_id}"


def text_report(facts: InvocationFacts) -> str:
    init = "" if facts.init_duration is None else f"Init Duration: {facts.init_duration * 1000:.2f} ms\t"
    status = _status_fields(facts.error_type) if facts.error_type else ""
    # AWS: there is a tab at the end, whatever follows
    return (
        f"REPORT RequestId: {facts.aws_request_id}\tDuration: {facts.duration * 1000:.2f} ms\t"
        f"Billed Duration: {billed(facts.duration)} ms\tMemory Size: {facts.memory_size} MB\t"
        f"Max Memory Used: {facts.max_memory} MB\t{init}{status}"
    )


def text_timed_out(now: float, aws_request_id: str, seconds: float) -> str:
    return f"{iso_time(now)} {aws_request_id} Task timed out after {seconds:.2f} seconds"


def text_exited(message: str, error_type: str) -> str:
    """Return the one event of two lines that tells of a runtime's end."""
    return f"{message}\n{error_type}"


def _status_fields(error_type: str) -> str:
    status = status_of(error_type)
    if status == "success":
        return ""
    return "Status: timeout" if status == "timeout" else f"Status: error\tError Type: {counted(error_type)}"


# -- the JSON form


def json_init_start(now: float, environment: EnvironmentFacts, phase: Phase = "init") -> str:
    return _platform(
        now,
        "initStart",
        {
            "initializationType": ON_DEMAND,
            "phase": phase,
            "runtimeVersion": environment.runtime_version,
            "runtimeVersionArn": environment.runtime_version_arn,
            "functionName": environment.function_name,
            "functionVersion": environment.version,
        },
    )


def json_init_runtime_done(now: float, error_type: str, phase: Phase = "init") -> str:
    return _platform(
        now, "initRuntimeDone", {"initializationType": ON_DEMAND, "phase": phase} | _status_members(error_type)
    )


def json_init_report(now: float, duration: float, error_type: str, phase: Phase = "init") -> str:
    return _platform(
        now,
        "initReport",
        {"initializationType": ON_DEMAND, "phase": phase}
        | _status_members(error_type)
        | {"metrics": {"durationMs": _milliseconds(duration)}},
    )


def json_start(now: float, aws_request_id: str, version: str) -> str:
    return _platform(now, "start", {"requestId": aws_request_id, "version": version})


def json_runtime_done(now: float, facts: InvocationFacts) -> str:
    metrics = {"durationMs": _milliseconds(facts.duration), "producedBytes": 0}
    record = {"requestId": facts.aws_request_id} | _status_members(facts.error_type) | {"metrics": metrics, "spans": []}
    return _platform(now, "runtimeDone", record)


def json_report(now: float, facts: InvocationFacts) -> str:
    metrics: dict[str, float] = {
        "durationMs": _milliseconds(facts.duration),
        "billedDurationMs": billed(facts.duration),
        "memorySizeMB": facts.memory_size,
        "maxMemoryUsedMB": facts.max_memory,
    }
    if facts.init_duration is not None:
        metrics["initDurationMs"] = _milliseconds(facts.init_duration)
    record = {"requestId": facts.aws_request_id} | _status_members(facts.error_type) | {"metrics": metrics}
    return _platform(now, "report", record)


def json_application(now: float, aws_request_id: str, text: str) -> str:
    """Return the record of a line that the function printed; one that is a record already stays as it is."""
    if is_record(text):
        return text
    record = {"timestamp": iso_time(now), "level": "INFO", "message": text}
    if aws_request_id:
        record["requestId"] = aws_request_id
    return json.dumps(record, ensure_ascii=False)


def is_record(text: str) -> bool:
    """Tell whether a printed line is a JSON object."""
    if not text.startswith("{"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _platform(now: float, kind: str, record: dict[str, object]) -> str:
    return json.dumps({"time": iso_time(now), "type": f"platform.{kind}", "record": record}, separators=(",", ":"))


def _status_members(error_type: str) -> dict[str, object]:
    status = status_of(error_type)
    return {"status": status} | ({"errorType": counted(error_type)} if status == "error" else {})


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)


# -- what both forms say


def status_of(error_type: str) -> Status:
    if not error_type:
        return "success"
    return "timeout" if error_type == TIMED_OUT else "error"


def counted(error_type: str) -> str:
    """Return the type under which the platform counts an error: a runtime's own word only if it looks like one."""
    return error_type if _PLATFORM_TYPE.fullmatch(error_type) else "Runtime.Unknown"


def billed(duration: float) -> int:
    """Return whole milliseconds, begun ones included."""
    return max(1, math.ceil(round(duration * 1000, 2)))


def iso_time(now: float) -> str:
    """Return `2026-11-23T10:00:00.123Z`."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# -- CloudFront's own log


def validation_failure(request_id: str, arn: str, region: str, aws_request_id: str, sentence: str) -> list[str]:
    """Return CloudFront's lines about a result that it refuses.

    Args:
        request_id: CloudFront's id of the viewer's request.
        arn: the function's, with its version.
        region: where it ran.
        aws_request_id: Lambda's id of the invocation; "" when it is not known, then its line is left out.
        sentence: the log's words for the rule that was broken.
    """
    lines = [f"INFO Invoking LambdaFunctionARN: {arn} Region: {region}"]
    lines += [f"INFO Response received from Lambda: RequestId: {aws_request_id}"] if aws_request_id else []
    lines += [f"ERROR Validation error: {sentence}"]
    return [f"({request_id}) {line}" for line in lines]
