// Security headers on every answer of the origin, error pages included.
//
// At origin-response it runs once for each object that the cache does not have, and the headers are stored with it.

import type { CloudFrontResponseEvent, CloudFrontResponseResult } from "aws-lambda";

const HEADERS: Record<string, string> = {
  "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
  "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "strict-origin-when-cross-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
};
const REMOVED = ["server", "x-powered-by"];

export const handler = async (event: CloudFrontResponseEvent): Promise<CloudFrontResponseResult> => {
  const { response } = event.Records[0].cf;
  for (const name of REMOVED) delete response.headers[name];
  for (const [key, value] of Object.entries(HEADERS)) response.headers[key.toLowerCase()] = [{ key, value }];
  return response;
};
