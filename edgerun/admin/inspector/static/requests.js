// The list of requests: newest first, as they come.

import { get } from "./api.js";
import { button, copy, el, empty, hidden, pageHead, replace, tag } from "./dom.js";
import { clock, count, duration, POINTS, resultWords, target, toneOf } from "./words.js";

const PAGE = 200;
const SHOWN = 1000; // rows in the document at most
const REFRESH = 300;
const SAY_EVERY = 4000;

const STATUSES = [["", "Any status"], ["2xx", "2xx"], ["3xx", "3xx"], ["4xx", "4xx"], ["5xx", "5xx"]];
const RESULTS = [["", "Any result"], ["hit", "Hit"], ["miss", "Miss"], ["generated", "Made by a function"], ["error", "Error"], ["other", "Other"]];
const METHODS = ["", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((each) => [each, each || "Any method"]);

// What was asked for last, for when the user comes back from a request.
const asked = { filter: "", header: "", status: "", result: "", method: "", refused: false };
let opened = "";

export async function page(root, context) {
  context.title("Requests");
  if (!context.about.recording) return notRecording(root);

  let rows = [];
  let paused = false;
  let held = 0;
  let older = false;
  let timer = 0;
  let turn = 0;

  const body = el("tbody");
  const table = el("table", { class: "grid requests" },
    el("caption", { class: "visually-hidden" }, "Requests, newest first"),
    el("thead", {}, el("tr", {}, COLUMNS.map(([name, text]) => el("th", { class: name, scope: "col" }, text)))), body);
  const below = el("div", { class: "more" });
  const list = el("section", { class: "card flush", "aria-label": "Requests" }, table, below);
  const nothing = el("div", { class: "card" });
  const pause = button("Pause", () => setPaused(!paused), { "aria-pressed": "false" });
  const summary = el("span", { class: "muted" });
  const search = el("input", { type: "search", placeholder: "Search path, host, status, result…", "aria-label": "Search requests", value: asked.filter });
  const header = el("input", { type: "search", placeholder: "Header, such as cookie: a=1", "aria-label": "Search headers", value: asked.header });
  const chosen = (name, label, options) => choice(label, options, asked[name], (value) => { asked[name] = value; load(); });
  const refused = el("input", { type: "checkbox", checked: asked.refused, onchange: () => { asked.refused = refused.checked; load(); } });

  replace(root,
    pageHead("Requests", summary, pause),
    el("search", { class: "filters" }, search, header,
      chosen("status", "Status", STATUSES), chosen("result", "Result", RESULTS), chosen("method", "Method", METHODS),
      el("label", { class: "check" }, refused, "Refused or failed")),
    list, nothing);

  for (const [input, name] of [[search, "filter"], [header, "header"]]) {
    input.addEventListener("input", () => { asked[name] = input.value.trim(); later(150); });
  }

  const filtered = () => Object.values(asked).some(Boolean);

  function later(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(load, milliseconds);
  }

  async function load() {
    clearTimeout(timer);
    timer = 0;
    turn += 1;
    const mine = turn;
    try {
      const found = await get(`/api/requests?${question()}&limit=${PAGE}`);
      if (!context.alive() || mine !== turn) return;
      rows = found.requests;
      older = found.more;
      held = 0;
      draw();
    } catch (error) {
      if (context.alive() && mine === turn && error.status !== 401) say(error.message);
    }
  }

  async function loadOlder() {
    const found = await get(`/api/requests?${question()}&limit=${PAGE}&before=${rows.at(-1).number}`);
    if (!context.alive()) return;
    rows = [...rows, ...found.requests].slice(0, SHOWN);
    older = found.more && rows.length < SHOWN;
    const first = found.requests[0]?.id;
    draw();
    if (first) linkOf(first)?.focus();
  }

  function say(text) {
    replace(summary, text);
  }

  function draw() {
    const focused = document.activeElement?.closest?.("tr")?.dataset.id;
    replace(body, rows.map((row) => line(row)));
    if (focused) linkOf(focused)?.focus({ preventScroll: true });
    around();
  }

  function around() {
    list.hidden = rows.length === 0;
    nothing.hidden = rows.length > 0;
    if (!rows.length) replace(nothing, filtered() ? noMatch() : none(context));
    say(paused ? `paused, ${held} new` : `${rows.length.toLocaleString()}${older ? "+" : ""} shown`);
    replace(below, older ? button("Show older ones", loadOlder) : "These are all that are kept.");
  }

  function noMatch() {
    return empty("No request fits.", button("Clear the filters", () => {
      Object.assign(asked, { filter: "", header: "", status: "", result: "", method: "", refused: false });
      search.value = header.value = "";
      refused.checked = false;
      for (const each of root.querySelectorAll("search select")) each.value = "";
      load();
    }));
  }

  // ---------------------------------------------------------------- as they come

  const announce = announcer(context);
  context.on("request", (row) => {
    if (paused) {
      held += 1;
      around();
    } else if (filtered()) {
      if (!timer) timer = setTimeout(load, REFRESH); // the server knows what fits
    } else {
      const shown = line(row);
      shown.classList.add("fresh");
      body.prepend(shown);
      rows.unshift(row);
      while (rows.length > SHOWN) {
        rows.pop();
        body.lastElementChild.remove();
        older = true;
      }
      around();
      announce(row);
    }
  });
  context.on("lost", () => { if (!paused) load(); });
  context.on("again", () => { if (!paused) load(); });

  function setPaused(now) {
    paused = now;
    held = 0;
    pause.setAttribute("aria-pressed", String(paused));
    replace(pause, paused ? "Resume" : "Pause");
    context.announce(paused ? "Paused" : "Live again");
    if (paused) around();
    else load();
  }

  // ---------------------------------------------------------------- by keys and mouse

  const linkOf = (id) => body.querySelector(`tr[data-id="${CSS.escape(id)}"] a`);
  const links = () => [...body.querySelectorAll("a")];

  function move(step) {
    const all = links();
    if (!all.length) return false;
    const now = all.indexOf(document.activeElement);
    const next = all[now < 0 ? 0 : Math.min(Math.max(now + step, 0), all.length - 1)];
    next.focus();
    next.closest("tr").scrollIntoView({ block: "nearest" });
    return true;
  }

  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row && !event.target.closest("a") && !String(getSelection())) context.go(`#/requests/${encodeURIComponent(row.dataset.id)}`);
  });
  body.addEventListener("focusin", (event) => { opened = event.target.closest("tr")?.dataset.id ?? opened; });
  context.keys([
    { key: "/", does: "search", act: () => search.focus() },
    { key: "j", does: "next request", act: () => move(1) },
    { key: "k", does: "previous request", act: () => move(-1) },
    { key: "ArrowDown", shown: "↓", does: "next request", act: () => move(1) },
    { key: "ArrowUp", shown: "↑", does: "previous request", act: () => move(-1) },
    { key: "Enter", does: "open the request", act: () => false },
    { key: "p", does: "pause or resume", act: () => setPaused(!paused) },
  ]);

  await load();
  if (context.alive() && opened) linkOf(opened)?.focus();
  return () => clearTimeout(timer);
}

const COLUMNS = [
  ["c-at", "Time"], ["c-method", "Method"], ["c-url", "URL"], ["c-status num", "Status"], ["c-result", "Result"],
  ["c-ran", "Functions"], ["c-time num", "Took"],
];

/** Return what is asked of the server. */
function question() {
  const given = Object.entries(asked).filter(([, value]) => value).map(([name, value]) => [name, value === true ? "1" : value]);
  return new URLSearchParams(given).toString();
}

function choice(label, options, value, act) {
  const made = el("select", { "aria-label": label, onchange: () => act(made.value) },
    options.map(([name, text]) => el("option", { value: name }, text)));
  made.value = value;
  return made;
}

/** Return the row of a request. */
export function line(row) {
  const ran = row.ran.length ? `functions at ${row.ran.join(", ")}` : "no function";
  return el("tr", { "data-id": row.id },
    el("td", { class: "c-at muted" }, clock(row.at)),
    el("td", { class: "c-method mono" }, row.method),
    el("td", { class: "c-url mono", title: `${row.host}${target(row)}` },
      el("a", { href: `#/requests/${encodeURIComponent(row.id)}` }, el("span", { class: "host" }, row.host), target(row))),
    el("td", { class: `c-status num status s${Math.floor(row.status / 100)}` }, row.status || "left"),
    el("td", { class: "c-result" }, tag(resultWords(row.result_type), toneOf(row.result_type)),
      mark(row)),
    el("td", { class: "c-ran" }, el("span", { class: "dots", title: ran },
      POINTS.map((point) => el("span", { class: row.failed_at.includes(point) ? "dot failed" : row.ran.includes(point) ? "dot ran" : "dot" }))), hidden(ran)),
    el("td", { class: "c-time num muted" }, duration(row.time_taken)));
}

/** Return the mark of a request in which something failed: the rule that a function broke, if it did. */
function mark(row) {
  const [rule] = row.refusals;
  if (rule) return [" ", tag(rule, "bad", { title: `a function's result breaks rule ${rule}` })];
  return row.failed && toneOf(row.result_type) !== "bad" ? [" ", tag("failed", "bad")] : null;
}

/** Tell of new requests now and then, not of each. */
function announcer(context) {
  let waiting = 0;
  let last = null;
  let quiet = false;
  const speak = () => {
    quiet = waiting > 0;
    if (!quiet || !context.alive()) return;
    context.announce(waiting === 1 ? `${last.method} ${last.path}: ${last.status} ${last.result_type}` : count(waiting, "new request"));
    waiting = 0;
    setTimeout(speak, SAY_EVERY);
  };
  return (row) => {
    waiting += 1;
    last = row;
    if (!quiet) speak();
  };
}

function none(context) {
  const command = `curl -i ${context.about.edge_url || "http://localhost:8787/"}`;
  return empty("No requests yet.", el("p", {}, "They appear here as soon as they are answered. Try one:"),
    el("div", { class: "command" }, el("code", { class: "code" }, command), button("Copy", (event) => copy(command, event.currentTarget))));
}

function notRecording(root) {
  replace(root, pageHead("Requests"), el("div", { class: "card" }, empty("Recording is off.",
    el("p", {}, "This server keeps no record of its requests. Start it with one of these:"),
    el("code", { class: "code" }, "edgerun dev\nedgerun serve --record"),
    el("p", {}, "Functions, cache and distributions are shown all the same."))));
}
