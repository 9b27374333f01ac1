"""`edgerun ca`."""

import json
import os
import sys
import time

import click

from edgerun.home import data_folder

TRUST = """\
  {path}
is the certificate of the authority on this machine that --https uses. To trust it:
  curl       curl --cacert "$(edgerun ca)" https://localhost:8443/
  Node       NODE_EXTRA_CA_CERTS="$(edgerun ca)"; Python's requests: REQUESTS_CA_BUNDLE, others: SSL_CERT_FILE
  Debian     sudo cp "$(edgerun ca)" /usr/local/share/ca-certificates/edgerun.crt && sudo update-ca-certificates
  macOS      security add-trusted-cert -k ~/Library/Keychains/login.keychain-db "$(edgerun ca)"
  Firefox    Settings, Privacy & Security, View Certificates, Authorities, Import
Keep ca-key.pem beside it to yourself: whoever has it can pass for any site to those who trust it.
"""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ca(*, as_json: bool) -> int:
    """Print the path of the certificate to trust for --https, and make the authority if there is none yet."""
    from edgerun.tls.authority import Authority  # noqa: PLC0415  # cryptography only where it is used

    authority = Authority(data_folder(os.environ) / "ca", time.time())
    path = str(authority.certificate)
    click.echo(json.dumps({"certificate": path}) if as_json else path)
    if not as_json and sys.stdout.isatty():
        click.echo(TRUST.format(path=path), err=True)
    return 0
