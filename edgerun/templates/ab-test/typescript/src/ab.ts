// A sticky A/B test of the home page.
//
// viewer-request chooses: the cookie `variant` if the viewer has one, else a hash of address and User-Agent, so that
// the choice is the same on every request even where cookies are refused. It rewrites the URI, which gives each variant
// one cache entry for all its viewers. viewer-response sets the cookie.

import { createHash } from "node:crypto";
import type {
  CloudFrontRequest,
  CloudFrontRequestEvent,
  CloudFrontRequestResult,
  CloudFrontResponseEvent,
  CloudFrontResponseResult,
} from "aws-lambda";

type Variant = "a" | "b";

const PAGES: Record<Variant, string> = { a: "/index.html", b: "/index-b.html" };
const PERCENT_B = 50;
const COOKIE = "variant";
const HEADER = "x-variant"; // carries the choice from viewer-request to viewer-response
const THIRTY_DAYS = 30 * 24 * 3600;

export const viewerRequest = async (event: CloudFrontRequestEvent): Promise<CloudFrontRequestResult> => {
  const { request } = event.Records[0].cf;
  delete request.headers[HEADER]; // only this function sets it, never a viewer
  if (["/", ...Object.values(PAGES)].includes(request.uri)) {
    const variant = chosenBefore(request) ?? groupOf(request);
    request.uri = PAGES[variant];
    request.headers[HEADER] = [{ key: "X-Variant", value: variant }];
  }
  return request;
};

export const viewerResponse = async (event: CloudFrontResponseEvent): Promise<CloudFrontResponseResult> => {
  const { request, response } = event.Records[0].cf;
  const variant = request.headers[HEADER]?.[0].value;
  if (variant && chosenBefore(request) === undefined) {
    const value = `${COOKIE}=${variant}; Path=/; Max-Age=${THIRTY_DAYS}; SameSite=Lax; HttpOnly`;
    response.headers["set-cookie"] = [...(response.headers["set-cookie"] ?? []), { key: "Set-Cookie", value }];
  }
  return response;
};

/** Returns the variant that the viewer's cookie names. */
function chosenBefore(request: CloudFrontRequest): Variant | undefined {
  for (const line of request.headers.cookie ?? []) {
    for (const pair of line.value.split(";")) {
      const [name, value] = pair.trim().split("=");
      if (name === COOKIE && (value === "a" || value === "b")) return value;
    }
  }
  return undefined;
}

/** Returns the variant of a viewer without a cookie: always the same one for the same viewer. */
function groupOf(request: CloudFrontRequest): Variant {
  const userAgent = request.headers["user-agent"]?.[0].value ?? "";
  const digest = createHash("sha256").update(`${request.clientIp}|${userAgent}`).digest();
  return digest.readUInt32BE(0) % 100 < PERCENT_B ? "b" : "a";
}
