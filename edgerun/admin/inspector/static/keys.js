// Keys of the page that is open, and the list of them.

import { button, el, replace } from "./dom.js";

const bound = new Map();
let global = [];

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Bind keys for as long as a page is open: `[{ key, does, act }]`; return what lets them go. */
export function bind(keys) {
  for (const each of keys) bound.set(each.key, each);
  return () => {
    for (const each of keys) if (bound.get(each.key) === each) bound.delete(each.key);
  };
}

/** Bind the keys that every page has, and listen. */
export function listen(keys) {
  global = keys;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const found = bound.get(event.key) ?? global.find((each) => each.key === event.key);
    if (found && found.act(event) !== false) event.preventDefault();
  });
}

/** Show which keys there are. */
export function help() {
  const dialog = el("dialog", { class: "dialog", "aria-labelledby": "keys-title" });
  const all = [...bound.values(), ...global.filter((each) => !bound.has(each.key))].filter((each) => each.does);
  replace(dialog,
    el("h2", { id: "keys-title" }, "Keyboard shortcuts"),
    el("dl", { class: "keys" }, all.map((each) => el("div", {}, el("dt", {}, el("kbd", {}, each.shown ?? each.key)), el("dd", {}, each.does)))),
    button("Close", () => dialog.close(), { autofocus: true }));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
