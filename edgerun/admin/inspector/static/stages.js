// The waterfall of a request: every step, when it ran and for how long, and what each did.

import { button, el, facts, replace, tag } from "./dom.js";
import { diffView, jsonLines } from "./diff.js";
import { eventLines, messageLines } from "./message.js";
import { duration } from "./words.js";

const CACHE_STEPS = new Set(["look up", "settle"]);

/** Return the waterfall; each step that was taken opens. */
export function waterfall(record) {
  const way = record.way;
  const end = Math.max(record.time_taken ?? 0, ...way.map((each) => each.end), 0.000001);
  let half = "";
  const rows = [];
  for (const step of way) {
    if (step.half !== half) {
      half = step.half;
      rows.push(el("li", { class: "half" }, half === "viewer" ? "Viewer half" : "Origin half"));
    }
    rows.push(step.stage === null ? skipped(step) : taken(step, record, end));
  }
  const all = el("ol", { class: "waterfall" }, rows);
  const scale = el("div", { class: "scale", "aria-hidden": "true" }, el("span", {}, "0"), el("span", {}, duration(end / 2)), el("span", {}, duration(end)));
  return [scale, all];
}

function skipped(step) {
  return el("li", { class: "step skipped" }, el("div", { class: "step-line" },
    el("span", { class: "step-name" }, step.name), el("span", { class: "step-said" }, step.why)));
}

function taken(step, record, end) {
  const stage = record.stages[step.stage];
  const took = step.end - step.start;
  const place = { "--from": `${(100 * step.start) / end}%`, "--width": `${(100 * took) / end}%` };
  const kind = stage.error ? "bad" : stage.function ? "function" : "plain";
  const line = el("summary", { class: "step-line" },
    el("span", { class: "step-name" }, step.name),
    el("span", { class: "step-said" }, stage.error?.rule ? [tag(stage.error.rule, "bad"), " "] : null,
      stage.error ? el("span", { class: "bad-text" }, stage.outcome) : stage.outcome, stage.function ? el("span", { class: "muted" }, ` · ${stage.function}`) : null),
    el("span", { class: "bar" }, el("span", { class: `bar-fill ${kind}`, style: place })),
    el("span", { class: "step-took" }, duration(took)));
  const content = el("div", { class: "step-content" });
  const details = el("details", { class: "step", id: `step-${step.stage}` }, line, content);
  details.addEventListener("toggle", () => {
    if (details.open && !content.hasChildNodes()) replace(content, stageView(record, step.stage));
  });
  return el("li", {}, details);
}

/** Return what a stage did: what went in and came out, what its function said, the values it made. */
export function stageView(record, n) {
  const stage = record.stages[n];
  return [
    stage.error ? failure(stage.error) : null,
    stage.function ? functionFacts(stage) : null,
    stage.function ? changed(stage) : detail(record, n),
    stage.function ? logs(record, stage.function) : null,
    stage.function ? raw(stage) : null,
  ];
}

function functionFacts(stage) {
  return facts([
    ["Function", stage.function],
    ["Duration", duration(stage.duration)],
    ["Start (INIT)", stage.init === null ? "warm" : duration(stage.init)],
    ["Memory", stage.memory ? `${stage.memory} MB` : ""],
  ]);
}

function failure(error) {
  return el("div", { class: "notice bad" }, el("p", {}, el("b", {}, error.error_type ?? error.type), ": ", error.message),
    error.stack?.length ? el("pre", { class: "code" }, error.stack.join("\n")) : null);
}

/** Return what a function changed: the message it was sent beside the one it returned. */
function changed(stage) {
  const event = stage.event;
  if (event?.too_large) return el("p", { class: "muted" }, "The event was too large to be kept.");
  const lambda = event?.Records?.[0]?.cf;
  const given = lambda ?? event ?? {};
  const sent = /response$/.test(stage.name) ? given.response : given.request;
  const returned = stage.result;
  if (returned === null || returned === undefined) return el("p", { class: "muted" }, "It returned nothing that could be used.");
  if (returned.too_large) return el("p", { class: "muted" }, "What it returned was too large to be kept.");
  const message = returned.request ?? returned.response ?? returned;
  const before = eventLines(sent);
  const after = eventLines(message);
  const answers = /request$/.test(stage.name) && (message.status !== undefined || message.statusCode !== undefined);
  if (after === null || before === null) return labelled("It returned", el("pre", { class: "code", tabindex: "0" }, jsonLines(returned).join("\n")));
  if (answers) return labelled("It answered the request itself", el("pre", { class: "code", tabindex: "0" }, after.join("\n")));
  return difference(before, after, "What the function changed");
}

function difference(before, after, label) {
  const { element, changed: count } = diffView(before, after, label);
  return labelled(count ? label : `${label}: nothing`, element);
}

function labelled(label, ...content) {
  return el("div", { class: "part" }, el("h3", {}, label), content);
}

/** Return what a step without a function made: a message beside the one before it, or values. */
function detail(record, n) {
  const stage = record.stages[n];
  const told = stage.detail;
  if (!told) return el("p", { class: "muted" }, stage.error ? "It came to nothing." : "Nothing changed.");
  if (told.headers) return difference(messageLines(earlier(record, n, told)), messageLines(told), "What changed");
  if (CACHE_STEPS.has(stage.name)) {
    return [facts([["Decision", told.use ?? told.case], ["Why", told.reason], ["Stored", told.stored === undefined ? "" : yes(told.stored)], ["TTL", told.ttl === null ? "" : duration(told.ttl)]]),
      told.steps?.length ? arithmetic(told.steps) : null];
  }
  return facts(Object.entries(told).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]));
}

/** Return the message of the same kind that was there before a stage. */
function earlier(record, n, told) {
  const request = told.method !== undefined;
  for (const stage of record.stages.slice(0, n).reverse()) {
    if (stage.detail?.headers && (stage.detail.method !== undefined) === request) return stage.detail;
  }
  if (request) return { method: record.method, target: record.query === null ? record.path : `${record.path}?${record.query}`, headers: record.request.headers };
  return record.origin.at(-1)?.response ?? { headers: [] };
}

function logs(record, name) {
  const lines = record.logs.filter((each) => each.function === name);
  const own = lines.filter((each) => each.kind !== "platform");
  const platform = lines.filter((each) => each.kind === "platform");
  return [
    labelled("Log", own.length ? el("pre", { class: "code", tabindex: "0" }, own.map((each) => each.text.replace(/\r/g, "\n").trimEnd()).join("\n"))
      : el("p", { class: "muted" }, "It printed nothing.")),
    platform.length ? el("details", { class: "more-details" }, el("summary", {}, "Lambda’s own lines"), el("pre", { class: "code", tabindex: "0" }, platform.map((each) => each.text.trimEnd()).join("\n"))) : null,
  ];
}

function raw(stage) {
  const part = (title, value) => el("details", { class: "more-details" }, el("summary", {}, title),
    el("pre", { class: "code", tabindex: "0" }, typeof value === "string" ? value : jsonLines(value).join("\n")));
  return [part("Event as JSON", stage.event), stage.result === null ? null : part("Result as JSON", stage.result)];
}

/** Return steps of arithmetic with their rules. */
export function arithmetic(steps) {
  return el("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "Arithmetic" }, el("table", { class: "grid" },
    el("thead", {}, el("tr", {}, ["Name", "Value", "From"].map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, steps.map((each) => el("tr", {}, el("td", {}, each.name), el("td", { class: "mono wrap" }, shown(each.value)), el("td", { class: "muted wrap" }, each.rule))))));
}

function shown(value) {
  if (typeof value === "boolean") return yes(value);
  if (typeof value === "number") return String(Math.round(value * 1000) / 1000);
  return value === null ? "none" : typeof value === "object" ? JSON.stringify(value) : value;
}

export function yes(value) {
  return value ? "yes" : "no";
}

/** Return a button that opens or closes every step. */
export function openAll(list) {
  const pressed = button("Open all", () => {
    const all = [...list.querySelectorAll("details.step")];
    const open = all.some((each) => !each.open);
    for (const each of all) each.open = open;
    replace(pressed, open ? "Close all" : "Open all");
  }, { class: "button quiet" });
  return pressed;
}
