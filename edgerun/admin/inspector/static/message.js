// Requests and responses: their heads as lines, their bodies as text, picture or bytes.

import { el, replace } from "./dom.js";
import { size } from "./words.js";

const TEXT = 200_000;
const BYTES = 512;
const PICTURES = /^image\/(png|jpeg|gif|webp|avif)\b/i;

/** Return header pairs as lines. */
export function headerLines(headers) {
  return headers.map(([name, text]) => `${name}: ${text}`);
}

/** Return a message of a record, or the detail of a stage, as lines. */
export function messageLines(told) {
  const first = told.method ? [`${told.method} ${told.target ?? ""}`.trim()] : told.status ? [`${told.status}`] : [];
  return [...first, ...headerLines(told.headers ?? [])];
}

/**
 * Return what a function was sent or returned as the lines of a message, null if it is none. Both dialects are known:
 * Lambda@Edge has lists of `{key, value}`, CloudFront Functions `{value, multiValue}`.
 */
export function eventLines(message) {
  if (message === null || typeof message !== "object" || Array.isArray(message)) return null;
  const code = message.status ?? message.statusCode;
  if (message.uri === undefined && code === undefined) return null;
  const lines = [];
  if (message.uri !== undefined) lines.push(`${message.method ?? ""} ${message.uri}`.trim());
  if (code !== undefined) lines.push(`${code} ${message.statusDescription ?? ""}`.trim());
  if (typeof message.querystring === "string" && message.querystring) lines.push(`querystring: ${message.querystring}`);
  else if (message.querystring && typeof message.querystring === "object") lines.push(...pairs(message.querystring, "querystring."));
  lines.push(...pairs(message.headers));
  if (message.cookies) lines.push(...pairs(message.cookies, "cookie "));
  if (message.origin) lines.push(...JSON.stringify({ origin: message.origin }, null, 2).split("\n"));
  const body = message.body;
  if (typeof body === "string") lines.push("", ...body.split("\n"));
  else if (body && typeof body === "object") lines.push("", ...JSON.stringify({ body }, null, 2).split("\n"));
  return lines;
}

function pairs(given, before = "") {
  if (!given || typeof given !== "object") return [];
  return Object.entries(given).flatMap(([name, told]) => {
    if (Array.isArray(told)) return told.map((each) => `${before}${each?.key ?? name}: ${text(each)}`);
    if (Array.isArray(told?.multiValue)) return told.multiValue.map((each) => `${before}${name}: ${text(each)}`);
    return [`${before}${name}: ${text(told)}`];
  });
}

function text(told) {
  return typeof told === "string" ? told : String(told?.value ?? JSON.stringify(told));
}

/** Return the value of a header, "" without one. */
export function header(message, name) {
  return message.headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? "";
}

/** Return the bytes of a recorded body, as far as they are kept. */
export function bytesOf(body) {
  return Uint8Array.from(atob(body?.data ?? ""), (each) => each.charCodeAt(0));
}

/** Return the text of bytes, null if they are none. */
export function textOf(bytes, cut = false) {
  try {
    const found = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: cut });
    return /[\x00-\x08\x0e-\x1f]/.test(found) ? null : found;
  } catch {
    return null;
  }
}

/** Return a message with its body. */
export function messageView(message, label) {
  const lines = messageLines(message);
  return [
    el("pre", { class: "code", tabindex: "0", "aria-label": `${label}, headers` }, lines.map((line) => headerLine(line))),
    bodyView(message, label),
  ];
}

function headerLine(line) {
  const [, name, rest] = /^([^\s:]+:)(.*)$/s.exec(line) ?? [null, null, line];
  return el("div", {}, name ? el("span", { class: "muted" }, name) : null, rest);
}

/** Return a body: JSON in its own lines, text, a picture, else the first bytes. */
export function bodyView(message, label) {
  const body = message.body;
  if (!body?.size) return body?.masked ? el("p", { class: "muted" }, "The body is left out.") : el("p", { class: "muted" }, "No body");
  const bytes = bytesOf(body);
  const whole = bytes.length >= body.size;
  const place = el("div", { class: "body" });
  const note = el("p", { class: "muted" }, `Body, ${size(body.size)}`, whole ? "" : `; the first ${size(bytes.length)} are kept`,
    body.complete === false ? "; it broke off" : "");
  place.append(note);
  const coding = header(message, "content-encoding").toLowerCase();
  if (coding === "gzip" || coding === "deflate") {
    const rest = el("div", {});
    place.append(rest);
    unpacked(bytes, coding).then((found) => replace(rest, content(found, true, message, label)),
      () => replace(rest, content(bytes, whole, message, label)));
    note.append(` (${coding}, shown unpacked)`);
  } else {
    place.append(content(bytes, whole, message, label));
  }
  return place;
}

async function unpacked(bytes, coding) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(coding));
  const reader = stream.getReader();
  const found = [];
  let length = 0;
  while (length < TEXT) {
    const { done, value } = await reader.read();
    if (done) break;
    found.push(value);
    length += value.length;
  }
  reader.cancel().catch(() => {});
  return new Uint8Array(await new Blob(found).arrayBuffer());
}

function content(bytes, whole, message, label) {
  const type = header(message, "content-type");
  if (whole && PICTURES.test(type)) {
    return el("img", { class: "picture", alt: `${label}: the picture`, src: `data:${type.split(";")[0].trim()};base64,${message.body.data}` });
  }
  const found = textOf(bytes, !whole);
  if (found === null) return el("pre", { class: "code", tabindex: "0", "aria-label": `${label}, bytes` }, hex(bytes));
  const cut = found.length > TEXT ? `${found.slice(0, TEXT)}\n…` : found;
  return el("pre", { class: "code", tabindex: "0", "aria-label": `${label}, body` }, pretty(cut, whole));
}

function pretty(found, whole) {
  if (!whole || !/^\s*[[{]/.test(found)) return found;
  try {
    return JSON.stringify(JSON.parse(found), null, 2);
  } catch {
    return found;
  }
}

function hex(bytes) {
  const rows = [];
  for (let at = 0; at < Math.min(bytes.length, BYTES); at += 16) {
    const part = [...bytes.slice(at, at + 16)];
    const numbers = part.map((each) => each.toString(16).padStart(2, "0")).join(" ");
    const letters = part.map((each) => (each > 31 && each < 127 ? String.fromCharCode(each) : "·")).join("");
    rows.push(`${at.toString(16).padStart(6, "0")}  ${numbers.padEnd(47)}  ${letters}`);
  }
  return rows.join("\n") + (bytes.length > BYTES ? "\n…" : "");
}
