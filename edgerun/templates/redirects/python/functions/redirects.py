"""Redirects from redirects.json: PATH or PREFIX* to a URL, permanently unless `status` says otherwise.

The first that matches counts, exact ones before prefixes; the query string is kept.
"""

import json
from pathlib import Path

PHRASES = {301: "Moved Permanently", 302: "Found", 307: "Temporary Redirect", 308: "Permanent Redirect"}


def rules_of(table):
    """Return from, to and status of each row; longer prefixes come first."""
    rows = [(path, {"to": row} if isinstance(row, str) else row) for path, row in table.items()]
    rules = [(path, row["to"], int(row.get("status", 301))) for path, row in rows]
    return sorted(rules, key=lambda rule: (rule[0].endswith("*"), -len(rule[0])))


RULES = rules_of(json.loads((Path(__file__).parent / "redirects.json").read_text()))


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    for path, to, status in RULES:
        target = target_of(request["uri"], path, to)
        if target is not None:
            return redirect(target, status, request["querystring"])
    return request


def target_of(uri, path, to):
    """Return where a rule leads, or None if it is not about this URI."""
    if not path.endswith("*"):
        return to if uri == path else None
    if not uri.startswith(path[:-1]):
        return None
    # Without its leading slashes: /blog//evil.example must not lead to another host.
    return to.replace("*", uri[len(path) - 1 :].lstrip("/\\"), 1)


def redirect(target, status, query):
    location = target + (("&" if "?" in target else "?") + query if query else "")
    return {
        "status": str(status),
        "statusDescription": PHRASES[status],
        "headers": {
            "location": [{"key": "Location", "value": location}],
            "cache-control": [{"key": "Cache-Control", "value": "max-age=3600"}],
        },
    }
