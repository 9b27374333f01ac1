// The frame of the inspector: which page is open, whether the server is there, what is said to those who cannot see.
//
// A page is a module with `page(root, context, params)`: it fills `root` and returns what cleans up after it (or a
// promise of that, or nothing). `context` has
//   about            what `/api/about` says: version, recording, edge_url, watching
//   announce(text)   says something to screen readers
//   title(text)      names the document
//   go(hash)         opens a page, such as "#/requests"
//   on(kind, act)    hears the server's events while the page is open: request, note, lost; `again` after the
//                    connection was lost, when everything may have changed
//   keys([...])      binds keys while the page is open: { key, does, act }
//   alive()          tells whether the page is still open, for what comes back late

import { get, stream, token } from "./api.js";
import { button, el, empty, pageHead, replace } from "./dom.js";
import * as keyboard from "./keys.js";

const PAGES = [
  { path: /^\/requests$/, file: "./requests.js", nav: "#/requests" },
  { path: /^\/requests\/([^/]+)$/, file: "./request.js", nav: "#/requests", names: ["id"] },
  { path: /^\/functions(?:\/(.+))?$/, file: "./functions.js", nav: "#/functions", names: ["name"] },
  { path: /^\/cache$/, file: "./cache.js", nav: "#/cache" },
  { path: /^\/distributions$/, file: "./distributions.js", nav: "#/distributions" },
];
const THEMES = [["", "as the system", "◐"], ["light", "light", "☀"], ["dark", "dark", "☾"]];

const main = document.querySelector("#main");
const listeners = new Map();
let about = null;
let leave = () => {};
let turn = 0;
let endStream = null;
let broken = false;

function announce(text) {
  replace(document.querySelector("#announcements"), text);
}

function title(text) {
  document.title = `${text} · edgerun`;
}

function go(hash) {
  location.hash = hash;
}

// ------------------------------------------------------------------------------------ pages

async function open() {
  if (token.takeFromAddress()) return start();
  if (about === null) return undefined;
  const [path, query = ""] = location.hash.slice(1).split("?");
  const found = PAGES.find((each) => each.path.test(path));
  if (!found) return history.replaceState(null, "", "#/requests"), open();
  leave();
  turn += 1;
  const mine = turn;
  const first = mine === 1;
  const cleanups = [];
  leave = () => { for (const clean of cleanups.splice(0)) clean(); };
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.getAttribute("href") === found.nav) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const groups = found.path.exec(path).slice(1);
  const params = Object.fromEntries((found.names ?? []).map((name, n) => [name, groups[n] === undefined ? "" : decoded(groups[n])]));
  params.query = new URLSearchParams(query);
  const alive = () => mine === turn;
  const context = {
    about, announce, title, go, alive,
    on(kind, act) {
      const set = listeners.get(kind) ?? listeners.set(kind, new Set()).get(kind);
      set.add(act);
      cleanups.push(() => set.delete(act));
    },
    keys(bindings) {
      cleanups.push(keyboard.bind(bindings));
    },
  };
  try {
    const { page } = await import(found.file);
    if (!alive()) return undefined;
    const root = el("div", { class: "page" });
    replace(main, root);
    window.scrollTo(0, 0);
    const clean = await page(root, context, params);
    if (typeof clean === "function") {
      if (alive()) cleanups.push(clean);
      else clean();
    }
    if (alive() && !first && !root.contains(document.activeElement)) root.querySelector("h1")?.focus({ preventScroll: true });
  } catch (error) {
    if (alive()) problem("This page cannot be shown", error);
  }
  return undefined;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function problem(words, error) {
  if (error.status === 401) return;
  title(words);
  replace(main, el("div", { class: "page" }, pageHead(words),
    empty(error.message, el("p", {}, button("Try again", () => { start(); })))));
}

// ------------------------------------------------------------------------------------ the server

async function start() {
  endStream?.();
  endStream = null;
  try {
    about = await get("/api/about");
  } catch (error) {
    if (error.status === 401) return;
    state("lost");
    if (about === null) waiting();
    setTimeout(start, 1500);
    return;
  }
  await open();
  listen();
}

function listen() {
  if (endStream !== null || document.hidden) return;
  endStream = stream("/api/events", (kind, told) => {
    if (kind === "open") {
      state("live");
      if (broken) tell("again", null);
      broken = false;
    } else if (kind === "closed") {
      broken = true;
      if (told.status !== 401) state("lost");
    } else if (kind === "hello" && (told.version !== about.version || told.recording !== about.recording)) {
      location.reload(); // another server, which may have other pages
    } else {
      tell(kind, told);
    }
  });
}

function tell(kind, told) {
  for (const act of [...(listeners.get(kind) ?? [])]) act(told);
}

// A page that nobody sees holds no connection: a browser has only a few for each host.
document.addEventListener("visibilitychange", () => {
  if (about === null) return;
  if (document.hidden) {
    endStream?.();
    endStream = null;
    broken = true;
  } else {
    listen();
  }
});

const SAID = { connecting: "connecting", live: "live", lost: "disconnected, retrying", closed: "no token" };

function state(now) {
  const shown = document.querySelector("#connection");
  const before = shown.dataset.state;
  if (before === now) return;
  shown.dataset.state = now;
  replace(shown, SAID[now]);
  if (now === "lost") announce("The server does not answer. Trying again.");
  if (now === "live" && before === "lost") announce("The server is back.");
}

function waiting() {
  title("Disconnected");
  replace(main, el("div", { class: "page" }, pageHead("Disconnected"),
    empty("The server does not answer.", el("p", {}, "Is edgerun dev still running? This page goes on by itself once it is there."))));
}

window.addEventListener("edgerun:unknown", () => {
  leave();
  turn += 1;
  about = null;
  endStream?.();
  endStream = null;
  state("closed");
  title("Token needed");
  replace(main, el("div", { class: "page narrow" }, pageHead("This page needs its token"),
    el("p", {}, "Requests hold cookies and other secrets, so the inspector shows them only to whoever has the token of this server. ",
      token.get() ? "The one that this browser keeps is not the server's." : "This browser has none yet."),
    el("ol", { class: "steps" },
      el("li", {}, "Press ", el("kbd", {}, "o"), " and ", el("kbd", {}, "Enter"), " in the terminal in which edgerun runs, or"),
      el("li", {}, "open the whole address that edgerun printed after ", el("b", {}, "Inspector"), ": ",
        el("code", {}, `${location.origin}/#token=…`))),
    el("p", { class: "muted" }, "The browser keeps the token for this address, so bookmarks work afterwards, and it stays the same when edgerun starts anew."),
    el("p", {}, button("Try again", () => start()))));
  main.querySelector("h1").focus({ preventScroll: true });
});

// ------------------------------------------------------------------------------------ frame

function themed(next) {
  const root = document.documentElement;
  const n = THEMES.findIndex(([name]) => name === (root.dataset.theme ?? ""));
  const [name, words, sign] = THEMES[(n + (next ? 1 : 0)) % THEMES.length];
  if (name) root.dataset.theme = name;
  else delete root.dataset.theme;
  try {
    if (next) localStorage.setItem("edgerun.theme", name);
  } catch {
    // It then lasts as long as the page.
  }
  const pressed = document.querySelector("#theme");
  pressed.setAttribute("aria-label", `Theme: ${words}`);
  pressed.title = `Theme: ${words}`;
  replace(pressed, sign);
}

themed(false);
document.querySelector("#theme").addEventListener("click", () => themed(true));
document.querySelector("#keys").addEventListener("click", () => keyboard.help());
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address names the page
  main.focus();
});
keyboard.listen([
  { key: "?", does: "show these keys", act: () => keyboard.help() },
  { key: "1", does: "requests", act: () => go("#/requests") },
  { key: "2", does: "functions", act: () => go("#/functions") },
  { key: "3", does: "cache", act: () => go("#/cache") },
  { key: "4", does: "distributions", act: () => go("#/distributions") },
]);
window.addEventListener("hashchange", open);
token.takeFromAddress();
start();
