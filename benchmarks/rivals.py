"""The other caches on the machine, each with its plainest configuration for the same job."""

import shutil

from .servers import SERVER_CORE, Server, free_port

SQUID = """
http_port 127.0.0.1:{port} accel defaultsite=localhost no-vhost
cache_peer 127.0.0.1 parent {origin} 0 no-query originserver
http_access allow all
cache_mem 256 MB
memory_cache_shared off
maximum_object_size_in_memory 64 MB
maximum_object_size 64 MB
access_log stdio:{folder}/squid.log
cache_log {folder}/squid-cache.log
pid_filename {folder}/squid.pid
coredump_dir {folder}
shutdown_lifetime 0 seconds
"""

HAPROXY = """
global
  maxconn 4096
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
cache edge
  total-max-size 256
  max-object-size 67108864
  max-age 3600
frontend viewers
  bind 127.0.0.1:{port}
  http-request cache-use edge
  http-response cache-store edge
  default_backend origin
backend origin
  http-response cache-store edge
  server origin 127.0.0.1:{origin}
"""

VARNISH = """
vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{origin}"; }}
sub vcl_recv {{ if (req.url ~ "^/api/") {{ return (pass); }} }}
"""


def varnish(folder, origin_port):
    port = free_port()
    vcl = folder / "varnish.vcl"
    vcl.write_text(VARNISH.format(origin=origin_port))
    command = ["varnishd", "-F", "-a", f"127.0.0.1:{port}", "-f", vcl, "-n", folder / "varnish", "-j", "none"]
    command += ["-s", "malloc,256m", "-p", "thread_pools=1"]
    return Server("varnish", command, port, core=SERVER_CORE, log=folder / "varnish.out")


def squid(folder, origin_port):
    port = free_port()
    own = folder / "squid"  # started as root it changes to a user of its own, who has to write here
    own.mkdir()
    own.chmod(0o777)
    config = own / "squid.conf"
    config.write_text(SQUID.format(port=port, origin=origin_port, folder=own))
    return Server(
        "squid", ["squid", "-N", "-n", f"bench{port}", "-f", config], port, core=SERVER_CORE, log=folder / "squid.out"
    )


def haproxy(folder, origin_port):
    port = free_port()
    config = folder / "haproxy.cfg"
    config.write_text(HAPROXY.format(port=port, origin=origin_port))
    return Server("haproxy", ["haproxy", "-db", "-f", config], port, core=SERVER_CORE, log=folder / "haproxy.out")


COMMANDS = {"varnishd": varnish, "squid": squid, "haproxy": haproxy}


def present():
    """Return the makers of the rivals that are installed."""
    return [
        make for command, make in COMMANDS.items() if shutil.which(command, path="/usr/sbin:/usr/bin:/usr/local/bin")
    ]
