// A recorded request as a command for curl.

import { bytesOf, textOf } from "./message.js";
import { target } from "./words.js";

const LEFT_OUT = new Set(["content-length", "transfer-encoding", "connection", "expect"]);

/** Quote text for a POSIX shell; bytes that cannot be typed are spelled out. */
export function quoted(text) {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!/[\x00-\x1f\x7f-\uffff]/.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const spelled = [...new TextEncoder().encode(text)].map((byte) => {
    const letter = String.fromCharCode(byte);
    if (byte < 32 || byte > 126) return `\\x${byte.toString(16).padStart(2, "0")}`;
    return letter === "'" || letter === "\\" ? `\\${letter}` : letter;
  });
  return `$'${spelled.join("")}'`;
}

/** Return a command that sends a recorded request again, to the edge at `edge`. */
export function curl(record, edge) {
  const place = new URL(edge || `${record.scheme}://${record.host}/`);
  const own = record.scheme === "https" ? `https://${record.host}` : place.origin;
  const words = ["curl", "-i", "--path-as-is"];
  if (record.scheme === "https") words.push("-k");
  if (record.method === "HEAD") words.push("--head");
  else if (record.method !== "GET" || record.request.body.size) words.push("-X", quoted(record.method));
  words.push(quoted(own + target(record)));
  const parts = [words.join(" ")];
  for (const [name, text] of record.request.headers) {
    const lower = name.toLowerCase();
    if (LEFT_OUT.has(lower) || (lower === "host" && text === new URL(own).host)) continue;
    parts.push(`-H ${quoted(text ? `${name}: ${text}` : `${name};`)}`);
  }
  const bytes = bytesOf(record.request.body);
  if (bytes.length) {
    const body = textOf(bytes);
    if (body !== null) parts.push(`--data-raw ${quoted(body)}`);
    else return `base64 -d <<< ${record.request.body.data} | ${parts.join(" \\\n  ")} \\\n  --data-binary @-`;
  }
  return parts.join(" \\\n  ");
}
