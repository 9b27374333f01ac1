// What differs between two texts, line by line.

import { el } from "./dom.js";

const LARGEST = 1_000_000; // pairs of lines that are compared; beyond that all are shown as gone and new
const AROUND = 3;
const LINES = 4000;

/**
 * Compare lists of lines.
 * @returns {{kind: "same"|"gone"|"new", text: string}[]}
 */
export function compared(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const one = before.slice(start, before.length - end);
  const other = after.slice(start, after.length - end);
  const same = (text) => ({ kind: "same", text });
  return [...before.slice(0, start).map(same), ...middle(one, other), ...before.slice(before.length - end).map(same)];
}

function middle(one, other) {
  const gone = (text) => ({ kind: "gone", text });
  const fresh = (text) => ({ kind: "new", text });
  if (!one.length || !other.length || one.length * other.length > LARGEST) return [...one.map(gone), ...other.map(fresh)];
  const width = other.length + 1;
  const longest = new Uint32Array((one.length + 1) * width); // of what the rests have in common
  for (let a = one.length - 1; a >= 0; a -= 1) {
    for (let b = other.length - 1; b >= 0; b -= 1) {
      longest[a * width + b] = one[a] === other[b] ? longest[(a + 1) * width + b + 1] + 1
        : Math.max(longest[(a + 1) * width + b], longest[a * width + b + 1]);
    }
  }
  const found = [];
  let a = 0;
  let b = 0;
  while (a < one.length && b < other.length) {
    if (one[a] === other[b]) { found.push({ kind: "same", text: one[a] }); a += 1; b += 1; }
    else if (longest[(a + 1) * width + b] >= longest[a * width + b + 1]) { found.push(gone(one[a])); a += 1; }
    else { found.push(fresh(other[b])); b += 1; }
  }
  return [...found, ...one.slice(a).map(gone), ...other.slice(b).map(fresh)];
}

const SIGNS = { same: " ", gone: "−", new: "+" };
const SPOKEN = { same: "", gone: "removed: ", new: "added: " };

/** Return two texts as one, with what is gone and what is new; long stretches without a change can be opened. */
export function diffView(before, after, label) {
  const lines = compared(before, after);
  const changed = lines.filter((each) => each.kind !== "same").length;
  const shown = el("div", { class: "code diff", tabindex: "0", role: "group", "aria-label": label });
  for (const run of runs(lines)) shown.append(...(run.folded ? [folded(run.lines)] : run.lines.map(row)));
  return { element: shown, changed };
}

function row({ kind, text }) {
  return el("div", { class: `diff-line ${kind}` }, el("span", { class: "diff-sign", "aria-hidden": "true" }, SIGNS[kind]),
    SPOKEN[kind] ? el("span", { class: "visually-hidden" }, SPOKEN[kind]) : null, el("span", {}, text || " "));
}

function folded(lines) {
  return el("details", { class: "diff-folded" }, el("summary", {}, `${lines.length} lines without a change`), lines.slice(0, LINES).map(row));
}

function runs(lines) {
  const near = lines.map(() => false);
  lines.forEach((each, n) => {
    if (each.kind !== "same") for (let m = Math.max(0, n - AROUND); m <= Math.min(lines.length - 1, n + AROUND); m += 1) near[m] = true;
  });
  if (!near.includes(true)) near.fill(true, 0, 200);
  const found = [];
  lines.forEach((each, n) => {
    const last = found.at(-1);
    if (last && last.folded === !near[n]) last.lines.push(each);
    else found.push({ folded: !near[n], lines: [each] });
  });
  return found.map((run) => (run.folded && run.lines.length < 4 ? { ...run, folded: false } : run));
}

/** Return a JSON value as lines. */
export function jsonLines(value) {
  return JSON.stringify(value, null, 2)?.split("\n") ?? [];
}

/** Return the fields that differ, as the server compared them: a table of stage, field, before, after. */
export function differencesTable(differences, before, after) {
  return el("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "What differs" },
    el("table", { class: "grid differences" },
      el("thead", {}, el("tr", {}, ["Stage", "Field", before, after].map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, differences.map((each) => el("tr", {},
        el("td", {}, each.stage), el("td", { class: "mono wrap" }, each.path || "—"),
        el("td", { class: "mono wrap gone" }, value(each.before)), el("td", { class: "mono wrap new" }, value(each.after)))))));
}

function value(told) {
  if (told === null || told === undefined) return el("span", { class: "muted" }, "none");
  const text = typeof told === "string" ? told : JSON.stringify(told);
  return text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
}
