// Security headers on every answer.
//
// Event:      viewer-response -> security_headers.mjs:handler
// Configure:  on any behavior. At viewer-response the headers are put on hits and misses alike and are not stored
//             with the object, so a change here shows at once, with no invalidation.
//
// CloudFront does not run viewer-response when the origin answered 400 or more, or when viewer-request generated the
// answer: a function that generates pages has to bring its own headers.

const HEADERS = {
  "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
  "Content-Security-Policy":
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "strict-origin-when-cross-origin",
};

export const handler = async (event) => {
  const { response } = event.Records[0].cf;
  for (const [key, value] of Object.entries(HEADERS)) {
    response.headers[key.toLowerCase()] = [{ key, value }];
  }
  return response;
};
