"""SECRETS: who may come in. Replace the demo's user before you deploy.

Lambda@Edge has no environment variables, so they are part of the package: keep it, and this file, to yourself.
Each user has a salt and a hash; `python3 functions/auth.py NAME` prints the line for another one.
"""

USERS = {
    "demo": ("6c616e7465726e2d616e642d6c6f6f6d", "17fb6599ce89b5afe4ba5ae80c635702ee4efbf78db8989238e2fdf5d6b61969"),
}
