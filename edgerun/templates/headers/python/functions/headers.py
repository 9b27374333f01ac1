"""Security headers on every answer of the origin, error pages included.

At origin-response it runs once for each object that the cache does not have, and the headers are stored with it.
"""

HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
REMOVED = ("server", "x-powered-by")


def handler(event, context):
    response = event["Records"][0]["cf"]["response"]
    for name in REMOVED:
        response["headers"].pop(name, None)
    for name, value in HEADERS.items():
        response["headers"][name.lower()] = [{"key": name, "value": value}]
    return response
