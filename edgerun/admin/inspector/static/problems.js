// What was refused or went wrong, and how to put it right.

import { get } from "./api.js";
import { el, facts, replace, tag } from "./dom.js";

/** Return cards for the failures and warnings of a record, nothing if there are none. */
export function problems(record) {
  const failed = record.stages.filter((stage) => stage.error).map(failure);
  const warned = record.warnings.map(warning);
  return [...failed, ...warned];
}

function failure(stage) {
  const error = stage.error;
  const title = error.rule ? `${stage.name}: the result breaks rule ${error.rule}` : `${stage.name} failed`;
  return el("section", { class: "card problem bad" },
    el("h2", {}, title, stage.function ? el("span", { class: "muted" }, ` · ${stage.function}`) : null),
    el("p", { class: "wrap" }, error.error_type ? [el("b", {}, error.error_type), ": "] : null, error.message),
    facts([
      ["Rule", error.rule],
      ["Where", error.path ? el("code", {}, error.path) : ""],
      ["Value", error.path ? el("code", {}, String(error.value)) : ""],
      ["Fix", error.fix],
    ], { wide: true }),
    error.stack?.length ? el("pre", { class: "code", tabindex: "0", "aria-label": "Stack" }, error.stack.join("\n").trimEnd()) : null,
    error.rule ? rulePage(error.rule) : null);
}

function warning(told) {
  return el("section", { class: "card problem warn" },
    el("h2", {}, `${told.point}: warning ${told.rule}`),
    el("p", { class: "wrap" }, told.message),
    facts([["Where", told.path ? el("code", {}, told.path) : ""]], { wide: true }),
    told.rule ? rulePage(told.rule) : null);
}

/** Return what `edgerun explain RULE` says, read once it is opened. */
function rulePage(rule) {
  const content = el("div", { class: "part" }, el("p", { class: "muted" }, "…"));
  const details = el("details", { class: "more-details" }, el("summary", {}, `Explain ${rule}`), content);
  details.addEventListener("toggle", async () => {
    if (!details.open || details.dataset.read) return;
    details.dataset.read = "yes";
    try {
      const told = await get(`/api/rules/${encodeURIComponent(rule)}`);
      replace(content,
        el("p", {}, el("b", {}, told.title)),
        facts([["Page", told.page], ["Log", told.log], ["Limit", told.limit], ["Fix", told.fix], ["Section", told.section]], { wide: true }),
        el("p", { class: "toolbar" }, ["strict", "pedantic", "lenient"].map((level) => tag(`${level}: ${told[level]}`, told[level] === "refused" ? "bad" : "warn"))),
        el("h3", {}, `Broken at ${told.point}`), el("pre", { class: "code" }, told.failing),
        el("h3", {}, "Kept"), el("pre", { class: "code" }, told.passing));
    } catch (error) {
      delete details.dataset.read;
      replace(content, el("p", {}, error.message));
    }
  });
  return details;
}
