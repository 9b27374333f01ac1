// The durations of a function's last calls: a dot each, on a scale of powers of ten.

import { el, tag } from "./dom.js";
import { milliseconds } from "./spans.js";
import { drawing, svg } from "./svg.js";
import { count } from "./words.js";

const HEIGHT = 168;
const LEFT = 62;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 22;
const NARROWEST = 260;

/** Return the figure of a function's calls; its text says what the dots show. */
export function plot(told, room) {
  if (!told.runs.length) return el("p", { class: "muted" }, "It was not called yet. Each call becomes a dot here.");
  const { p50, p95, max, count: measured } = told.durations;
  const cold = told.runs.filter((run) => run.cold).length;
  const failed = told.runs.filter((run) => run.ended !== "ok").length;
  const words = [
    `The last ${count(told.runs.length, "call")}: `,
    measured ? ["half of them took at most ", el("b", {}, milliseconds(p50)), " (p50), 95 % at most ", el("b", {}, milliseconds(p95)),
      " (p95), the longest ", el("b", {}, milliseconds(max)), " (max)"] : "none succeeded",
    cold ? `; ${count(cold, "cold start")}` : "", failed ? `; ${failed} failed` : "", ".",
  ];
  return el("figure", { class: "plot" },
    draw(told.runs, Math.max(NARROWEST, room - 34)),
    el("figcaption", {}, el("p", {}, words),
      el("p", { class: "legend" }, tag("● warm", "info"), tag("◆ cold, with its INIT", "warn"), tag("✕ failed", "bad"))));
}

/** Return what the viewer waited for a call, in milliseconds. */
function waited(run) {
  return run.ms + (run.init_ms ?? 0);
}

function draw(runs, width) {
  const times = runs.filter((run) => run.ended === "ok").map(waited);
  const low = Math.floor(Math.log10(Math.max(0.01, Math.min(...times, 1))));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...times, 1) * 1.05)));
  const inner = width - LEFT - RIGHT;
  const y = (ms) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (Math.log10(Math.max(ms, 10 ** low)) - low) / (high - low));
  const x = (n) => LEFT + (runs.length === 1 ? inner / 2 : (inner * n) / (runs.length - 1));
  const lines = [];
  for (let power = low; power <= high; power += 1) {
    const at = y(10 ** power);
    lines.push(svg("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: at, y2: at }),
      svg("text", { class: "tick", x: LEFT - 10, y: at + 4, "text-anchor": "end" }, scale(power)));
  }
  return drawing(width, HEIGHT, { class: "durations" }, lines,
    svg("text", { class: "tick", x: LEFT, y: HEIGHT - 4 }, "older"),
    svg("text", { class: "tick", x: width - RIGHT, y: HEIGHT - 4, "text-anchor": "end" }, "newest"),
    runs.map((run, n) => dot(run, x(n), run.ended === "ok" ? y(waited(run)) : HEIGHT - BOTTOM)));
}

function scale(power) {
  return power >= 3 ? `${(10 ** (power - 3)).toLocaleString()} s` : `${10 ** power} ms`;
}

function dot(run, x, y) {
  const said = run.ended === "ok" ? `${run.cold ? "cold, " : ""}${milliseconds(waited(run))} at ${run.point}` : `${run.ended}: ${run.why}`;
  const title = svg("title", {}, said);
  if (run.ended !== "ok") return svg("path", { class: "dot-failed", d: `M${x - 4} ${y - 4}l8 8m0 -8l-8 8` }, title);
  if (run.cold) return svg("path", { class: "dot-cold", d: `M${x} ${y - 5.5}l5.5 5.5l-5.5 5.5l-5.5 -5.5z` }, title);
  return svg("circle", { class: "dot-warm", cx: x, cy: y, r: 3.2 }, title);
}
