"""Headers that tell browsers to be careful. At origin-response."""

ADDED = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "1; mode=block",
    "Referrer-Policy": "same-origin",
}


def handler(event, context):
    response = event["Records"][0]["cf"]["response"]
    for name, value in ADDED.items():
        response["headers"][name.lower()] = [{"key": name, "value": value}]
    return response
