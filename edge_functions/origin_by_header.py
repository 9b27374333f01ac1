"""The origin chosen by a request header.

Event:      origin-request -> origin_by_header.py:handler
Configure:  on a behavior whose origin is the site's bucket, with x-origin in the headers of its cache policy: only
            then does the header arrive here, and only then are the two origins' answers cached apart.

/data/products.json comes from the bucket, as a snapshot. With "x-origin: api" the same address is answered live, by
/api/products of api.shop.internal. Any other value changes nothing: a viewer can pick from this table and from nothing
else. (edgerun knows which of its origins is meant by the `domain_name` of the origin in edgerun.toml.)
"""

API = {
    "domainName": "api.shop.internal",
    "port": 80,
    "protocol": "http",
    "path": "",
    "sslProtocols": ["TLSv1.2"],
    "readTimeout": 5,
    "keepaliveTimeout": 5,
    "customHeaders": {},
}


def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    wanted = request["headers"].pop("x-origin", [{"value": ""}])[0]["value"]
    if wanted == "api":
        # Replacing the origin leaves Host alone: the function has to name the new origin there itself.
        request["origin"] = {"custom": API}
        request["headers"]["host"] = [{"key": "Host", "value": API["domainName"]}]
        name = request["uri"].removeprefix("/data/").removesuffix(".json")
        request["uri"] = f"/api/{name}"
    return request
