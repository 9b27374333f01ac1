// Functions: where they stand, what they may, what their environments do, how long calls take, what they print.

import { get } from "./api.js";
import { changes, differs, oneByOne } from "./changes.js";
import { card, el, empty, facts, hidden, pageHead, replace, tag } from "./dom.js";
import { plot } from "./plot.js";
import { milliseconds } from "./spans.js";
import { clock, count, moment } from "./words.js";

const LINES = 200; // lines in the document at most
const NEAR = 24; // pixels from the end of the log that still count as its end
const TONES = { busy: "info", idle: "good", starting: "warn", ending: "plain", spare: "plain" };
const ENVIRONMENTS = 60; // environments in the document at most

let before = null; // the function that was shown last, so that the keyboard goes on where it was

export async function page(root, context, params) {
  context.title("Functions");
  const list = el("nav", { class: "functions", "aria-label": "Functions" });
  const summaryLine = el("span", { class: "muted" });
  const detail = el("div", { class: "function-page" });
  const problem = el("div", { class: "notice bad", role: "alert", hidden: true });
  const frame = el("div", { class: "functions-page" }, list, detail);
  replace(root, pageHead("Functions", summaryLine), problem, frame);

  let shown = null;
  const look = oneByOne(async () => {
    try {
      const { functions } = await get("/api/functions");
      if (!context.alive()) return;
      replace(summaryLine, functions.length ? count(functions.length, "function") : "");
      if (!functions.length) {
        shown = null;
        replace(frame, none());
        return;
      }
      if (!frame.contains(list)) replace(frame, list, detail);
      const chosen = functions.some((each) => each.name === params.name) ? params.name : params.name || functions[0].name;
      drawList(list, functions, chosen);
      if (shown === null) shown = one(detail, context, chosen);
      await shown.look();
      if (context.alive()) problem.hidden = true;
    } catch (error) {
      if (context.alive() && error.status !== 401) fail(problem, error);
    }
  });

  await look();
  if (before !== null && params.name) list.querySelector("[aria-current]")?.focus({ preventScroll: true });
  before = params.name;
  return changes((kind) => {
    if (kind === "again") shown?.forget();
    if (kind !== "origins") look();
  });
}

function fail(problem, error) {
  problem.hidden = false;
  replace(problem, error.status === 0 ? "The server does not answer. This page goes on by itself once it is back." : error.message);
}

function none() {
  return el("div", { class: "card" }, empty("No functions yet",
    el("p", {}, "Add one to edgerun.toml and name it at a point of a behavior; this page notices when you save."),
    el("pre", { class: "code" }, '[functions.hello]\nhandler = "hello.py:handler"\n\n[default_behavior]\nviewer_request = "hello"'),
    el("p", {}, "Or try one at once: ", el("code", {}, "edgerun dev ./public --viewer-request hello.py"))));
}

// ------------------------------------------------------------------------------------ the list

function drawList(list, functions, chosen) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.name : null;
  replace(list, el("ul", {}, functions.map((each) => {
    const states = each.environments.filter((one) => one.state !== "spare");
    const failing = each.revision.not_taken !== null || each.failed_starts > 0;
    return el("li", {}, el("a", {
      href: `#/functions/${encodeURIComponent(each.name)}`, class: "function-link",
      "data-name": each.name, "aria-current": each.name === chosen ? "true" : null,
    },
      el("span", { class: "function-name" }, each.name),
      el("span", { class: "function-facts" },
        each.runtime, " · ", count(each.counts.called, "call"),
        each.durations.p95 === null ? null : ` · p95 ${milliseconds(each.durations.p95)}`),
      el("span", { class: "function-states" },
        states.slice(0, 12).map((one) => el("span", { class: `state ${one.state}` })),
        hidden(states.length ? `${count(states.length, "environment")}.` : ""),
        failing ? tag("failing", "bad") : null)));
  })));
  if (focused !== null) [...list.querySelectorAll("a")].find((link) => link.dataset.name === focused)?.focus({ preventScroll: true });
}

// ------------------------------------------------------------------------------------ one function

function one(detail, context, name) {
  let last = 0;
  const head = el("div", { class: "function-head" });
  const reload = el("div", {});
  const about = el("div", {});
  const numbers = el("div", {});
  const durations = el("div", {});
  const log = logView();
  const codeDiffers = differs();
  const placesDiffer = differs();
  replace(detail, head, reload, about, numbers, durations, log.card);

  return {
    forget() {
      last = 0;
      log.clear();
    },
    async look() {
      const told = await get(`/api/function?name=${encodeURIComponent(name)}&after=${last}`);
      if (!context.alive()) return;
      if (told.counts.printed < last) { // another server by now
        this.forget();
        return void (await this.look());
      }
      context.title(`${name} · Functions`);
      last = told.lines.length ? told.lines.at(-1).number : last;
      replace(head, el("h2", {}, name), tag(told.kind === "cloudfront" ? "CloudFront Function" : "Lambda@Edge", "odd"), tag(told.runtime));
      if (codeDiffers(told.revision)) replace(reload, revision(told));
      if (placesDiffer([told.places, told.handler, told.file, told.limits])) replace(about, card("Where it runs", places(told), limits(told)));
      replace(numbers, card("Environments and calls", environments(told), counts(told)));
      replace(durations, card("Durations", plot(told, durations.clientWidth)));
      log.add(told.lines);
      log.describe(told);
    },
  };
}

function revision(told) {
  const { version, loaded_at: at, file, not_taken: not } = told.revision;
  const rows = facts([
    ["Revision", version],
    ["Loaded", at === null ? "not yet: with its first call" : moment(at)],
    ["From file", file || "–"],
  ]);
  const broken = not && el("div", { class: "notice bad", role: "alert" },
    el("p", {}, el("b", {}, `The last save was not taken over (${clock(not.at)}${not.count > 1 ? `, ${not.count} times by now` : ""}). `),
      `Revision ${version} goes on answering until the code loads.`),
    el("pre", { class: "code" }, [not.message, ...not.trace].join("\n")));
  return card("Code", broken, rows);
}

function places(told) {
  if (!told.places.length) {
    return el("p", { class: "muted" }, "At no point of any behavior: nothing calls it. Name it in a behavior, as viewer_request or one of its like.");
  }
  return el("ul", { class: "places" }, told.places.map((each) => el("li", {},
    el("code", { class: "wrap" }, each.path_pattern), tag(each.point, "info"),
    each.include_body && each.point !== "origin" ? tag("with body") : null,
    el("a", { href: "#/distributions" }, each.distribution))));
}

function limits(told) {
  const lambda = told.kind === "lambda";
  return facts([
    ["Handler", el("code", {}, told.handler)],
    ["File", told.file ? el("code", {}, told.file) : "there is none: the handler’s module is missing"],
    ["Timeout", lambda ? `${told.limits.timeout} s` : null],
    ["Memory", lambda ? `${told.limits.memory} MB` : null],
    ["Concurrency", lambda ? count(told.limits.concurrency, "environment") : null],
    ["Queue", lambda ? `${told.limits.queue.toLocaleString()} calls` : null],
  ]);
}

function environments(told) {
  if (told.kind === "cloudfront") {
    const used = told.utilization;
    return el("p", {}, "Every call has an engine of its own. ",
      used ? ["Compute utilization of the last calls: ", el("b", {}, `${used.p50} %`), " in the middle, ", el("b", {}, `${used.max} %`), " at most; above 80 % CloudFront may throttle."]
        : "Compute utilization is told once it was called.");
  }
  if (!told.environments.length) return el("p", { class: "muted" }, "No environment now: the next call starts one.");
  const shown = told.environments.slice(0, ENVIRONMENTS);
  const more = told.environments.length - shown.length;
  return el("ul", { class: "environments", "aria-label": "Environments" }, shown.map((each) => el("li", {},
    tag(each.state, TONES[each.state]),
    el("span", { class: "muted" }, each.pid ? `pid ${each.pid}` : "", each.version === told.revision.version ? "" : ` · revision ${each.version}`))),
  more ? el("li", { class: "muted" }, `and ${more} more`) : null);
}

function counts(told) {
  const rows = [
    ["Calls", told.counts.called], ["Cold starts", told.counts.cold], ["Warm calls", told.counts.warm],
    ["Errors", told.counts.errors, true], ["Timeouts", told.counts.timeouts, true],
    ["Throttles", told.counts.throttles, true], ["Refusals", told.counts.refusals, true],
  ].filter(([name]) => told.kind === "lambda" || !["Cold starts", "Throttles"].includes(name));
  const waiting = told.waiting ? el("p", {}, tag(`${count(told.waiting, "call")} waiting for an environment`, "warn")) : null;
  return [el("dl", { class: "counts" }, rows.map(([name, value, bad]) =>
    el("div", { class: bad && value ? "bad" : null }, el("dt", {}, name), el("dd", {}, value.toLocaleString())))), waiting];
}

// ------------------------------------------------------------------------------------ the log

function logView() {
  const lines = el("ol", { class: "log", tabindex: "0", role: "log", "aria-live": "off", "aria-label": "Log" });
  const note = el("p", { class: "muted" });
  return {
    card: card("Log", note, lines),
    clear: () => replace(lines),
    describe(told) {
      const more = told.counts.printed - lines.childElementCount;
      const file = el("code", {}, `edgerun logs ${told.name}`);
      replace(note, told.counts.printed
        ? [more > 0 ? `The last ${lines.childElementCount} of ${count(told.counts.printed, "line")}. ` : "", "All that were kept: ", file]
        : ["Nothing was printed yet. Lines come here as they are printed, as CloudWatch has them. Those of earlier runs: ", file]);
      lines.hidden = lines.childElementCount === 0;
    },
    add(told) {
      if (!told.length) return;
      const end = lines.scrollHeight - lines.scrollTop - lines.clientHeight < NEAR;
      lines.append(...told.map(line));
      while (lines.childElementCount > LINES) lines.firstElementChild.remove();
      lines.hidden = false;
      if (end) lines.scrollTop = lines.scrollHeight;
    },
  };
}

function line(told) {
  return el("li", { class: told.kind === "platform" ? "platform" : null },
    el("time", { datetime: new Date(told.at * 1000).toISOString() }, clock(told.at)),
    el("span", { class: "text" }, told.text),
    told.id ? el("a", { href: `#/requests/${encodeURIComponent(told.id)}`, "aria-label": `Request ${told.id.slice(0, 6)}` }, told.id.slice(0, 6)) : null);
}
