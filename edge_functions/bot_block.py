"""Unwelcome bots are turned away at the door.

Event:      viewer-request -> bot_block.py:handler
Configure:  on any behavior. At viewer-request a refusal costs neither a cache look-up nor a request to the origin.

A User-Agent is a claim and not a proof: this saves bandwidth, it does not protect anything.
"""

UNWELCOME = ("badbot", "ahrefsbot", "mj12bot", "semrushbot", "dotbot", "petalbot", "scrapy", "masscan", "sqlmap")


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    user_agent = request["headers"].get("user-agent", [{"value": ""}])[0]["value"].lower()
    if any(name in user_agent for name in UNWELCOME):
        return {
            "status": "403",
            "statusDescription": "Forbidden",
            "headers": {
                "content-type": [{"key": "Content-Type", "value": "text/plain; charset=utf-8"}],
                "cache-control": [{"key": "Cache-Control", "value": "no-store"}],
            },
            "body": "No bots here, please. People are welcome: hello@lantern-and-loom.example\n",
        }
    return request
