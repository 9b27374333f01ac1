"""Nginx in its parts: the origin everybody fetches from, and the baseline N (`proxy_cache`, `proxy_pass`)."""

from urllib.request import urlopen

from .servers import LOAD_CORE, SERVER_CORE, Server, free_port

COMMON = """
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.err;
events {{ worker_connections 4096; }}
http {{
  access_log {log}; sendfile on; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 300;
  types {{ text/html html; }} default_type text/html;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  fastcgi_temp_path {folder}/{name}-f; uwsgi_temp_path {folder}/{name}-u; scgi_temp_path {folder}/{name}-s;
  {body}
}}
"""

ORIGIN = """
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    root {files};
    location / {{ add_header Cache-Control max-age=3600; try_files $uri /1k; }}
    location /api/ {{ add_header Cache-Control no-store; try_files /1k =404; }}
    location = /asked {{ stub_status; }}
  }}
"""

PROXY = """
  proxy_cache_path {folder}/nginx-cache keys_zone=edge:64m max_size=1g inactive=1h use_temp_path=off;
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 128; keepalive_requests 100000000; }}
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering on;
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location /api/ {{ proxy_pass http://origin; }}
    location /100m {{ proxy_pass http://origin; proxy_max_temp_file_size 0; }}
    location / {{
      proxy_pass http://origin; proxy_cache edge; proxy_cache_key $uri$is_args$args; proxy_cache_lock on;
      add_header X-Cache $upstream_cache_status;
    }}
  }}
"""


def origin(folder, files):
    """Return the origin, on the core of the load."""
    port = free_port()
    body = ORIGIN.format(port=port, files=files)
    return _nginx("origin", folder, port, body, core=LOAD_CORE, log="off")


def asked(server):
    """Return how many requests the origin has had."""
    with urlopen(f"{server.url}/asked", timeout=10) as answer:
        return int(answer.read().split()[9])


def proxy(folder, origin_port):
    """Return the baseline N, with its access log on as everybody's."""
    port = free_port()
    body = PROXY.format(folder=folder, port=port, origin=origin_port)
    return _nginx("nginx", folder, port, body, core=SERVER_CORE, log=f"{folder}/nginx.log combined buffer=64k flush=1s")


def _nginx(name, folder, port, body, *, core, log):
    config = folder / f"{name}.conf"
    config.write_text(COMMON.format(folder=folder, name=name, log=log, body=body))
    return Server(name, ["nginx", "-c", config, "-p", folder], port, core=core, log=folder / f"{name}.out")
