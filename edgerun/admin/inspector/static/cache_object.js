// One stored object: its key, its head, and how its lifetime came about.

import { get, post } from "./api.js";
import { button, el, facts, replace, tag } from "./dom.js";
import { shown, span } from "./spans.js";
import { moment, size } from "./words.js";

export const STATES = { fresh: "good", stale: "warn", expired: "warn", unavailable: "bad" };

/** Open a dialog about an object of the list; `forgotten` is called when it was invalidated from there. */
export function objectDialog(context, row, forgotten) {
  const place = el("div", { class: "object" }, el("p", { class: "muted" }, "Looking it up…"));
  const dialog = el("dialog", { class: "dialog wide", "aria-labelledby": "object-title" },
    el("h2", { id: "object-title", class: "wrap" }, row.uri), place,
    el("div", { class: "toolbar" },
      button("Invalidate this path", async () => {
        try {
          await post("/api/cache/purge", { paths: [row.uri] });
          context.announce(`${row.uri} was invalidated`);
          dialog.close();
          forgotten();
        } catch (error) {
          replace(place, el("p", { class: "notice bad", role: "alert" }, error.message));
        }
      }),
      button("Close", () => dialog.close(), { autofocus: true })));
  const back = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    back?.focus?.();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  window.addEventListener("hashchange", () => dialog.close(), { once: true });
  document.body.append(dialog);
  dialog.showModal();
  fill(place, row);
}

async function fill(place, row) {
  try {
    const told = await get(`/api/cache/object?${new URLSearchParams({ uri: row.uri, id: row.id })}`);
    replace(place, whole(told));
  } catch (error) {
    replace(place, el("p", { class: "notice bad", role: "alert" }, error.message));
  }
}

function whole(told) {
  const requested = told.requested !== told.uri ? el("code", { class: "wrap" }, told.requested) : null;
  return [
    el("p", {}, tag(told.state, STATES[told.state]), ` ${told.why[0].toUpperCase()}${told.why.slice(1)}`, told.hint ? `. What would make it a hit: ${told.hint}.` : "."),
    facts([
      ["Status", `${told.status} ${told.reason}`],
      ["Fresh for", told.ttl > 0 ? span(told.ttl) : `no more: it expired ${span(told.ttl)} ago`],
      ["Age", span(told.age)],
      ["Size", `${size(told.size)}, body ${size(told.length)}${told.compressed ? ", compressed here" : ""}`],
      ["Stored", moment(Date.parse(told.stored_at) / 1000)],
      ["Stored by", told.stored_by ? el("a", { href: `#/requests/${encodeURIComponent(told.stored_by)}` }, told.stored_by.slice(0, 12)) : null],
      ["Origin’s status", told.generated ? "a function made it" : told.origin_status],
      ["Asked for as", requested],
      ["Tags", told.tags.map((name) => [tag(`#${name}`), " "])],
    ]),
    part("Key", steps(told.parts)),
    part("How long it is fresh", steps(told.steps)),
    part("Headers", el("table", { class: "grid" }, el("tbody", {}, told.headers.map(([name, text]) =>
      el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: "mono wrap" }, text)))))),
  ];
}

function part(title, content) {
  return el("section", {}, el("h3", {}, title), content);
}

/** Return arithmetic as a table: what was found, its value, by which rule. */
export function steps(rows) {
  return el("div", { class: "table-scroll" }, el("table", { class: "grid steps-table" }, el("tbody", {}, rows.map((row) =>
    el("tr", {}, el("th", { scope: "row" }, row.name), el("td", { class: "mono wrap" }, shown(row.value)), el("td", { class: "muted wrap" }, row.rule))))));
}
