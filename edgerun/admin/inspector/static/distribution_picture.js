// A distribution, drawn: who comes, which behavior takes it, the four points around the cache, the origins.
//
// On a wide page requests go from left to right and answers come back below them; on a narrow one they go down on the
// left and come back up on the right. Everything drawn here stands in words below the picture.

import { drawing, fitted, svg } from "./svg.js";
import { span } from "./spans.js";

const WIDE = 940;
const MOST = 60; // behaviors that are drawn; all of them stand in words
const SMALL = 6.6; // pixels of one glyph of the small print
const CODE = 7.6;

/** Return the drawing for a width in pixels. */
export function picture(told, origins, width) {
  const shown = told.behaviors.slice(0, MOST);
  const drawn = width >= WIDE ? wide(told, shown, origins, width) : stacked(told, shown, origins, Math.min(640, Math.max(280, width)));
  const left = told.behaviors.length - shown.length;
  return left ? [drawn, document.createTextNode(`${left} more behaviors stand in words below.`)] : drawn;
}

// ------------------------------------------------------------------------------------ pieces

function box(x, y, width, height, kind, title, ...lines) {
  const start = y + height / 2 - ((lines.length * 15) / 2) + 4.5;
  return svg("g", { class: `box ${kind}` },
    svg("rect", { x, y, width, height, rx: 6 }),
    fitted(x + 10, start, width - 16, title, { class: "title" }, CODE),
    lines.map((line, n) => fitted(x + 10, start + 15 * (n + 1), width - 16, line, { class: "small" }, SMALL)));
}

function arrow(x1, y1, x2, y2) {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const at = (turn) => `${x2 - 7 * Math.cos(angle + turn)} ${y2 - 7 * Math.sin(angle + turn)}`;
  return svg("g", { class: "arrow" }, svg("path", { d: `M${x1} ${y1}L${x2} ${y2}` }), svg("path", { class: "tip", d: `M${at(0.45)}L${x2} ${y2}L${at(-0.45)}z` }));
}

function pointBox(x, y, width, told, point) {
  const found = told.functions[point];
  if (!found) return null;
  return svg("a", { href: `#/functions/${encodeURIComponent(found.name)}`, tabindex: "-1" },
    svg("title", {}, `${point}: ${found.name} (${found.runtime})`),
    box(x, y, width, 26, found.cloudfront ? "light" : "lambda", found.name));
}

function cacheLines(policy) {
  if (policy.disabled) return ["nothing is stored"];
  return [`${span(policy.min_ttl)} … ${span(policy.default_ttl)} … ${span(policy.max_ttl)}`];
}

function small(told) {
  const words = { "https-only": "HTTPS only", "redirect-to-https": "to HTTPS" };
  return [
    words[told.viewer_protocol_policy], told.allowed_methods, told.compress && "compress", told.response_headers_policy && `headers: ${told.response_headers_policy}`,
    told.trusted_key_groups.length && "signed", told.unreachable && "never reached",
  ].filter(Boolean).join(" · ");
}

function heading(x, y, width, told, n) {
  const name = `${told.path_pattern}${told.default ? "  default" : ""}`;
  return [
    svg("circle", { class: "number", cx: x + 10, cy: y - 4, r: 10 }), svg("text", { class: "number-text", x: x + 10, y, "text-anchor": "middle" }, n + 1),
    fitted(x + 28, y, width - 28, name, { class: "pattern" }, 8),
  ];
}

function sides(told) {
  const hosts = told.aliases.length ? told.aliases : ["every host"];
  const geo = told.geo_restriction;
  return {
    hosts: hosts.length > 6 ? [...hosts.slice(0, 5), `and ${hosts.length - 5} more`] : hosts,
    geo: geo ? `${geo.type === "whitelist" ? "only" : "not"} ${geo.locations.join(", ")}` : "",
    errors: told.error_responses.slice(0, 6).map((each) => (each.response_page_path ? `${each.error_code} → ${each.response_page_path}` : `${each.error_code}: ${span(each.error_caching_min_ttl)}`)),
  };
}

function originsOf(behaviors) {
  const names = behaviors.flatMap((each) => (each.origin_group ? [each.origin_group.primary, each.origin_group.secondary] : [each.origin]));
  return [...new Set(names)];
}

// ------------------------------------------------------------------------------------ from left to right

const ROW = 104;
const GAP = 12;
const HOSTS = 172;
const ORIGINS = 220;

function wide(told, shown, origins, width) {
  const left = HOSTS + 44;
  const right = width - ORIGINS - 76;
  const height = shown.length * (ROW + GAP) - GAP;
  const names = originsOf(shown);
  const tall = names.length * 76 - 12;
  const all = Math.max(height, tall, 120) + 4;
  const top = (all - height) / 2;
  const { hosts, geo, errors } = sides(told);
  const originAt = new Map(names.map((name, n) => [name, (all - tall) / 2 + n * 76]));
  const middle = all / 2;
  const hostsHeight = 34 + hosts.length * 15;
  const parts = [
    box(2, middle - hostsHeight / 2, HOSTS, hostsHeight, "viewers", "Viewers", ...hosts),
    geo ? box(2, middle - hostsHeight / 2 - 58, HOSTS, 46, "guard", "Countries", geo) : null,
    errors.length ? box(2, middle + hostsHeight / 2 + 12, HOSTS, 34 + errors.length * 15, "errors", "Error pages", ...errors) : null,
  ];
  shown.forEach((each, n) => {
    const y = top + n * (ROW + GAP);
    parts.push(svg("g", { class: "behavior", "data-behavior": n },
      curve(HOSTS + 2, middle, left, y + ROW / 2),
      originLinks(each, right, y + ROW / 2, width - ORIGINS, originAt),
      row(each, n, left, y, right - left)));
  });
  for (const [name, y] of originAt) parts.push(originBox(origins[name], width - ORIGINS, y, ORIGINS - 2));
  return drawing(width, all, { class: "wide" }, parts);
}

function curve(x1, y1, x2, y2, kind = "") {
  const half = (x1 + x2) / 2;
  return svg("path", { class: `way ${kind}`, d: `M${x1} ${y1}C${half} ${y1} ${half} ${y2} ${x2} ${y2}` });
}

function originLinks(told, x, y, to, originAt) {
  const group = told.origin_group;
  const first = group ? group.primary : told.origin;
  return [
    curve(x, y, to, originAt.get(first) + 32),
    group ? curve(x, y, to, originAt.get(group.secondary) + 32, "second") : null,
  ];
}

function originBox(origin, x, y, width) {
  const where = `${origin.place}${origin.path}`;
  return svg("g", {}, box(x, y, width, 64, origin.failure ? "origin failing" : "origin", origin.name, `${origin.kind}${origin.failure ? " · failed lately" : ""}`, where),
    svg("title", {}, where));
}

function row(told, n, x, y, width) {
  const side = Math.max(120, Math.min(190, (width - 190 - 96) / 2));
  const cacheWidth = width - 2 * side - 96;
  const cacheX = x + 48 + side;
  const originX = cacheX + cacheWidth + 32;
  const [go, back] = [y + 51, y + 83];
  return [
    svg("rect", { class: told.unreachable ? "band lost" : "band", x, y, width, height: ROW, rx: 8 }),
    heading(x + 12, y + 23, width * 0.55, told, n),
    fitted(x + width - 14, y + 22, width * 0.42, small(told), { class: "small", "text-anchor": "end" }, SMALL),
    arrow(x + 4, go, cacheX - 2, go), arrow(cacheX - 2, back, x + 4, back),
    arrow(cacheX + cacheWidth + 2, go, x + width - 4, go), arrow(x + width - 4, back, cacheX + cacheWidth + 2, back),
    box(cacheX, y + 38, cacheWidth, 58, told.cache_policy.disabled ? "cache off" : "cache", told.cache_policy.name, ...cacheLines(told.cache_policy)),
    pointBox(x + 16, go - 13, side, told, "viewer-request"), pointBox(x + 16, back - 13, side, told, "viewer-response"),
    pointBox(originX, go - 13, side, told, "origin-request"), pointBox(originX, back - 13, side, told, "origin-response"),
  ];
}

// ------------------------------------------------------------------------------------ from top to bottom

function stacked(told, shown, origins, width) {
  const { hosts, geo, errors } = sides(told);
  const parts = [];
  let y = 2;
  const add = (kind, title, lines) => {
    const height = 32 + lines.length * 15;
    parts.push(box(2, y, width - 4, height, kind, title, ...lines));
    y += height + 12;
  };
  add("viewers", "Viewers", hosts);
  if (geo) add("guard", "Countries", [geo]);
  shown.forEach((each, n) => {
    const tall = each.origin_group ? 296 : 280;
    parts.push(svg("g", { class: "behavior", "data-behavior": n }, column(each, n, 2, y, width - 4, tall, origins)));
    y += tall + 12;
  });
  if (errors.length) add("errors", "Error pages", errors);
  return drawing(width, y, { class: "stacked" }, parts);
}

function column(told, n, x, y, width, height, origins) {
  const half = (width - 36) / 2;
  const [down, up] = [x + 12 + half / 2, x + 24 + half + half / 2];
  const [first, cache, second, origin] = [y + 64, y + 112, y + 174, y + 222];
  const group = told.origin_group;
  const place = origins[group ? group.primary : told.origin];
  const spare = group ? origins[group.secondary] : null;
  const lines = [`${place.kind} · ${place.place}${place.path}`];
  if (spare) lines.push(`else ${spare.name} · ${spare.place}${spare.path}`);
  const failing = place.failure || spare?.failure;
  return [
    svg("rect", { class: told.unreachable ? "band lost" : "band", x, y, width, height, rx: 8 }),
    heading(x + 12, y + 24, width - 24, told, n),
    fitted(x + 12, y + 44, width - 24, small(told), { class: "small" }, SMALL),
    arrow(down, y + 52, down, cache - 2), arrow(up, cache - 2, up, y + 52),
    arrow(down, cache + 48, down, origin - 2), arrow(up, origin - 2, up, cache + 48),
    pointBox(x + 12, first + 4, half, told, "viewer-request"), pointBox(x + 24 + half, first + 4, half, told, "viewer-response"),
    box(x + 12, cache, width - 24, 46, told.cache_policy.disabled ? "cache off" : "cache", told.cache_policy.name, ...cacheLines(told.cache_policy)),
    pointBox(x + 12, second, half, told, "origin-request"), pointBox(x + 24 + half, second, half, told, "origin-response"),
    box(x + 12, origin, width - 24, height - 222 - 12, failing ? "origin failing" : "origin", `${group ? `${group.name}: ` : ""}${place.name}${failing ? " (failed lately)" : ""}`, ...lines),
  ];
}
