// Addresses without ".html", in one spelling only.
//
// Event:      viewer-request -> seo_urls.js:handler
// Configure:  on the behavior that serves the pages of an S3-style origin, which knows keys and no folders.
//
//   /products/brass-lantern    is served from /products/brass-lantern.html  (the address stays as it is)
//   /                          is served from /index.html
//   /about/                    301 to /about
//   /Products/Brass-Lantern    301 to /products/brass-lantern
//   /css/style.css             untouched, as everything whose last part has a dot
//
// The query string is kept in every case.

exports.handler = async (event) => {
  const { request } = event.Records[0].cf;

  const canonical = canonicalPath(request.uri);
  if (canonical !== request.uri) {
    return movedPermanently(canonical, request.querystring);
  }

  request.uri = keyFor(request.uri);
  return request;
};

function canonicalPath(uri) {
  const lowerCase = uri.replace(/%[0-9a-f]{2}|[A-Z]+/gi, (part) => (part[0] === "%" ? part : part.toLowerCase()));
  // "//host/" would send the browser to another site, and browsers read "\" as "/".
  const oneSlash = lowerCase.replace(/^[/\\]+/, "/");
  return oneSlash.replace(/(.)[/\\]+$/, "$1");
}

function keyFor(uri) {
  if (uri === "/") return "/index.html";
  const lastPart = uri.slice(uri.lastIndexOf("/") + 1);
  return lastPart.includes(".") ? uri : `${uri}.html`;
}

function movedPermanently(path, querystring) {
  const location = querystring ? `${path}?${querystring}` : path;
  return {
    status: "301",
    statusDescription: "Moved Permanently",
    headers: {
      location: [{ key: "Location", value: location }],
      "cache-control": [{ key: "Cache-Control", value: "max-age=3600" }],
    },
  };
}
