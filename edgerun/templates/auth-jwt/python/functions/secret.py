"""SECRET: whoever has it can make tokens. Made for this project alone; git ignores this file.

Lambda@Edge has no environment variables, so it is part of the package: keep the package to yourself.
For another one: python3 -c "import secrets; print(secrets.token_urlsafe(32))"
"""

SECRET = "{{secret}}"
