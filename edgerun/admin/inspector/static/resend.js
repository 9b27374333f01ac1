// A recorded request as a form: edit it, send it through the edge again.

import { post } from "./api.js";
import { button, el, replace } from "./dom.js";
import { bytesOf, textOf } from "./message.js";
import { size, url } from "./words.js";

const FRAMING = new Set(["content-length", "transfer-encoding", "connection", "expect", "keep-alive"]);
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Return the form; `done` gets the id of the new record. */
export function resendForm(record, done, cancel) {
  const bytes = bytesOf(record.request.body);
  const written = textOf(bytes);
  const method = el("input", { value: record.method, list: "methods", autocomplete: "off", spellcheck: "false", required: true });
  const address = el("input", { value: url(record), inputmode: "url", autocomplete: "off", spellcheck: "false", required: true });
  const headers = el("textarea", { rows: Math.min(16, Math.max(4, record.request.headers.length)), spellcheck: "false", value: lines(record).join("\n") });
  const body = el("textarea", { rows: written ? Math.min(14, written.split("\n").length + 2) : 3, spellcheck: "false", value: written ?? "" });
  const problem = el("p", { class: "notice bad", role: "alert", hidden: true });
  const send = el("button", { type: "submit", class: "button primary" }, "Send");
  const form = el("form", { class: "card resend", "aria-labelledby": "resend-title", novalidate: true },
    el("h2", { id: "resend-title" }, "Edit and resend"),
    el("div", { class: "line" },
      el("label", { class: "field method" }, "Method", method),
      el("label", { class: "field grow" }, "URL", address)),
    el("datalist", { id: "methods" }, METHODS.map((each) => el("option", { value: each }))),
    el("label", { class: "field" }, "Headers, one a line", headers),
    el("label", { class: "field" }, "Body", el("span", { class: "hint" }, hint(record, bytes, written)), body),
    problem,
    el("div", { class: "toolbar" }, send, button("Cancel", cancel), el("span", { class: "muted" }, "Ctrl + Enter sends it")));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    send.disabled = true;
    try {
      const sent = await post("/api/resend", {
        method: method.value.trim().toUpperCase(), url: address.value.trim(), headers: pairs(headers.value),
        body: body.value === "" && written === null ? { base64: record.request.body.data } : { text: body.value },
      });
      done(sent.id);
    } catch (error) {
      problem.hidden = false;
      replace(problem, error.message);
    } finally {
      send.disabled = false;
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  return { form, first: address };
}

/** Return the header lines of a record, without those that frame its body and, if the URL says it, the host. */
function lines(record) {
  return record.request.headers
    .filter(([name, text]) => !FRAMING.has(name.toLowerCase()) && !(name.toLowerCase() === "host" && text === record.host))
    .map(([name, text]) => `${name}: ${text}`);
}

/** Return lines as pairs of name and value. */
export function pairs(text) {
  return text.split("\n").filter((line) => line.trim()).map((line) => {
    const at = line.indexOf(":", 1);
    if (at < 0) throw new Error(`expected “Name: value”, got “${line.trim()}”`);
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
}

function hint(record, bytes, written) {
  const body = record.request.body;
  if (bytes.length < body.size) return `Only the first ${size(bytes.length)} of ${size(body.size)} are kept.`;
  if (written === null) return `${size(body.size)} that are no text: left empty, they are sent as they were.`;
  return "Sent as UTF-8; Content-Length is set by itself.";
}
