// A friendly page instead of the bucket's XML.
//
// Event:      origin-response -> error_page.mjs:handler
// Configure:  on a behavior whose origin is a bucket. A private bucket answers 403 for a key that does not exist: both
//             403 and 404 become this page, with status 404.
//
// The page is cached as the origin's 404 would have been, so a run of bad links costs one call in 30 seconds.

export const handler = async (event) => {
  const { request, response } = event.Records[0].cf;
  if (response.status !== "404" && response.status !== "403") return response;

  response.status = "404";
  response.statusDescription = "Not Found";
  response.headers["content-type"] = [{ key: "Content-Type", value: "text/html; charset=utf-8" }];
  response.headers["cache-control"] = [{ key: "Cache-Control", value: "max-age=30" }];
  // These describe the body that is being replaced.
  for (const name of ["content-encoding", "content-length", "etag", "last-modified"]) {
    delete response.headers[name];
  }
  response.body = page(request.uri);
  return response;
};

function page(uri) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not found · Lantern &amp; Loom</title>
<link rel="stylesheet" href="/css/style.css">
</head>
<body class="notice">
<main>
<h1>The shelf is empty</h1>
<p>There is nothing at <code>${escapeHtml(uri)}</code>.</p>
<p><a class="button" href="/products">See what we do have</a></p>
</main>
</body>
</html>
`;
}

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
