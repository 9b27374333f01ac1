// What the cache would do about a request, and why: asked without doing it.

import { post } from "./api.js";
import { steps } from "./cache_object.js";
import { card, el, facts, replace, tag } from "./dom.js";

const METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
const TONES = { hit: "good", stale: "warn", expired: "warn", miss: "info", refused: "bad", generated: "odd", redirect: "plain" };

/** Return a form that explains a URL, at once if one is given. */
export function explainer(context, given) {
  const url = el("input", { type: "text", value: given, required: true, spellcheck: "false", autocapitalize: "off", placeholder: `${context.about.edge_url || "http://localhost:8787/"}page.html` });
  const method = el("select", {}, METHODS.map((each) => el("option", { value: each }, each)));
  const headers = el("textarea", { rows: "2", spellcheck: "false", placeholder: "Accept-Encoding: br" });
  const run = el("input", { type: "checkbox" });
  const place = el("div", { role: "status" });
  const send = el("button", { class: "button primary" }, "Explain");
  async function explain() {
    const lines = headers.value.split("\n").map((line) => line.trim()).filter(Boolean);
    const wrong = lines.find((line) => !line.includes(":"));
    if (wrong !== undefined) return void say(place, `${wrong}: a header is a name, a colon and a value, such as Accept-Encoding: br`);
    send.disabled = true;
    try {
      const told = await post("/api/cache/explain", {
        url: url.value.trim(), method: method.value, run: run.checked,
        headers: lines.map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]),
      });
      if (context.alive()) replace(place, explanation(told));
    } catch (error) {
      if (context.alive() && error.status !== 401) say(place, error.message);
    } finally {
      send.disabled = false;
    }
    return undefined;
  }
  const form = el("form", { class: "panel-form", onsubmit: (event) => { event.preventDefault(); explain(); } },
    el("div", { class: "explain-line" },
      el("label", { class: "field" }, "Method", method),
      el("label", { class: "field grow" }, "URL or path", url)),
    el("details", {}, el("summary", {}, "Headers and viewer-request"),
      el("div", { class: "panel-form" },
        el("label", { class: "field" }, "Headers, one on each line", headers),
        el("label", { class: "check" }, run, "Run the viewer-request function, which may change the key"))),
    el("div", { class: "toolbar" }, send), place);
  if (given) explain();
  return card("Explain a URL", form);
}

function say(place, text) {
  replace(place, el("p", { class: "notice bad", role: "alert" }, text));
}

function explanation(told) {
  return el("div", { class: "explanation" },
    el("p", { class: "explain-result" }, tag(told.result, TONES[told.result] ?? "plain"), " ", told.why ?? "", told.status ? ` (${told.status})` : ""),
    told.hint ? el("p", {}, "What would make it a hit: ", told.hint, ".") : null,
    told.warnings.map((text) => el("p", { class: "notice warn" }, text.replace(/: --run runs it$/, ": the box under “Headers and viewer-request” runs it"))),
    facts([
      ["Distribution", told.distribution?.name],
      ["Behavior", told.behavior ? el("code", {}, told.behavior) : null],
      ["Cache policy", told.cache_policy ? `${told.cache_policy.name}: TTLs ${told.cache_policy.min_ttl}, ${told.cache_policy.default_ttl}, ${told.cache_policy.max_ttl} s` : null],
      ["viewer-request", told.viewer_request ? `${told.viewer_request.name}, ${told.viewer_request.ran ? "run" : "not run"}` : null],
      ["Rewritten to", told.rewritten ? el("code", { class: "wrap" }, told.rewritten) : null],
      ["Goes forward as", told.forwarded || null],
      ["Not in the key", told.left_out?.length ? told.left_out.join(", ") : null],
    ]),
    told.key?.length ? [el("h3", {}, "Key"), steps(told.key)] : null,
    told.steps?.length ? [el("h3", {}, "Arithmetic"), steps(told.steps)] : null);
}
