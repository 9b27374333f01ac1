// A maintenance page, with no origin needed.
//
// Event:      origin-request -> maintenance.js:handler
// Configure:  on the behavior of the part of the site that may be closed. CLOSED lists the closed paths; to open them
//             again, empty the list and deploy.
//
// At origin-request the page is cached like an origin's answer: under load the function runs once per address and
// caching time. Pages the edge already has stay available until they expire.

const CLOSED = ["/closed/"];
const RETRY_AFTER_SECONDS = 600;

exports.handler = async (event) => {
  const { request } = event.Records[0].cf;
  const closed = CLOSED.some((prefix) => request.uri.startsWith(prefix));
  return closed ? maintenancePage() : request;
};

function maintenancePage() {
  return {
    status: "503",
    statusDescription: "Service Unavailable",
    headers: {
      "content-type": [{ key: "Content-Type", value: "text/html; charset=utf-8" }],
      "cache-control": [{ key: "Cache-Control", value: "max-age=5" }],
      "retry-after": [{ key: "Retry-After", value: String(RETRY_AFTER_SECONDS) }],
    },
    body: PAGE,
  };
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Back in a moment · Lantern &amp; Loom</title>
<link rel="stylesheet" href="/css/style.css">
</head>
<body class="notice">
<main>
<h1>Back in a moment</h1>
<p>We are rearranging the shelves. Please try again in ten minutes.</p>
<p><a class="button" href="/">To the front door</a></p>
</main>
</body>
</html>
`;
