// The cache: how full it is, what it holds, what it would do about a request, and orders to forget.

import { get, post } from "./api.js";
import { objectDialog, STATES } from "./cache_object.js";
import { explainer } from "./cache_explain.js";
import { oneByOne } from "./changes.js";
import { button, card, el, empty, facts, pageHead, replace, tag } from "./dom.js";
import { span } from "./spans.js";
import { clock, count, size } from "./words.js";

const PAGE = 50;
const PAUSE = 1500; // milliseconds between two looks at the store while requests come

export async function page(root, context, params) {
  context.title("Cache");
  const store = storeView(context);
  const names = new Map();
  const objects = objectsView(context, params.query.get("match") ?? "/*", names, () => store.look());
  const purge = purgeView(context, () => { store.look(); objects.first(); });
  replace(root,
    pageHead("Cache", button("Refresh", () => { store.look(); objects.first(); })),
    store.card,
    el("div", { class: "cache-forms" }, purge.card, explainer(context, params.query.get("explain") ?? "")),
    objects.card);

  let timer = 0;
  let news = 0;
  context.on("request", () => {
    news += 1;
    timer ||= setTimeout(async () => {
      timer = 0;
      await store.look();
      if (!context.alive()) return;
      if (objects.isEmpty()) objects.first();
      else objects.tell(news);
      news = 0;
    }, PAUSE);
  });
  context.on("again", () => { store.look(); objects.first(); });
  await store.look((told) => {
    for (const each of told.distributions) names.set(each.id, each.name);
    purge.know(told);
  });
  await objects.first();
  return () => clearTimeout(timer);
}

/** Run something, and show what went wrong with it in place of what it would have shown. */
async function tried(place, context, act) {
  try {
    return await act();
  } catch (error) {
    if (context.alive() && error.status !== 401) replace(place, el("p", { class: "notice bad", role: "alert" }, error.message));
    return null;
  }
}

// ------------------------------------------------------------------------------------ the store

const KINDS = { memory: "in memory, until edgerun stops", lmdb: "lmdb, on disk: kept over restarts", redis: "Redis or Valkey: shared by machines" };

function storeView(context) {
  const place = el("div", {});
  const look = oneByOne(() => tried(place, context, async () => {
    const told = await get("/api/cache");
    if (!context.alive()) return;
    known = told;
    replace(place, told.used === null
      ? el("p", { class: "notice warn" }, "The store cannot be reached now: nothing is kept and nothing is found until it is back.") : full(told),
    facts([
      ["Store", KINDS[told.kind] ?? told.kind],
      ["Objects", told.objects === null ? null : told.objects.toLocaleString()],
      ["Place", told.place ? el("code", {}, told.place) : null],
      ["Largest object", size(told.max_object_size)],
      ["Tags come from", told.tag_headers.map((name) => [el("code", {}, name), " "])],
    ]));
  }));
  let known = null;
  return {
    card: card("Store", place),
    async look(then) {
      await look();
      if (known !== null) then?.(known);
    },
  };
}

function full(told) {
  const share = Math.min(1, told.used / told.size);
  const words = `${size(told.used)} of ${size(told.size)} used, ${(share * 100).toFixed(share < 0.1 ? 2 : 0)} %`;
  return el("div", { class: "fill" },
    el("meter", { min: "0", max: "1", value: share, "aria-label": "Store", "aria-valuetext": words }),
    el("span", {}, words));
}

// ------------------------------------------------------------------------------------ orders to forget

function purgeView(context, after) {
  const items = el("textarea", { rows: "2", required: true, spellcheck: "false", placeholder: "/img/*", "aria-describedby": "purge-hint" });
  const whose = el("select", {}, el("option", { value: "" }, "all distributions"));
  const whoseField = el("label", { class: "field", hidden: true }, "Of", whose);
  const place = el("div", { role: "status" });
  const send = el("button", { class: "button primary" }, "Invalidate");
  const form = el("form", {
    class: "panel-form",
    onsubmit: async (event) => {
      event.preventDefault();
      const paths = items.value.split("\n").map((line) => line.trim()).filter(Boolean);
      if (!paths.length) return void items.focus();
      send.disabled = true;
      const done = await tried(place, context, () => post("/api/cache/purge", { paths, distribution: whose.value }));
      send.disabled = false;
      if (done === null || !context.alive()) return;
      replace(place, told(done));
      after();
    },
  },
  el("label", { class: "field" }, "Paths and #tags, one on each line", items,
    el("span", { class: "hint", id: "purge-hint" }, "As CloudFront takes them: ", el("code", {}, "/a.html"), ", ", el("code", {}, "/img/*"), " (a * only at the end), ",
      el("code", {}, "#sale"), ". A path with a query covers only the object with that query; ", el("code", {}, "/a*"), " covers both.")),
  whoseField, el("div", { class: "toolbar" }, send), place);
  items.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  return {
    card: card("Invalidate", form),
    know(known) {
      if (known.distributions.length < 2) return;
      whoseField.hidden = false;
      whose.append(...known.distributions.map((each) => el("option", { value: each.id }, `${each.name} (${each.id})`)));
    },
  };
}

function told(done) {
  const more = done.invalidated - done.objects.length;
  return el("div", { class: done.invalidated ? "notice" : "notice warn" },
    el("p", {}, el("b", {}, `${count(done.invalidated, "object")} invalidated`), " by ", done.items.map((item) => [el("code", { class: "wrap" }, item), " "])),
    done.invalidated ? el("ul", { class: "plain-list" }, done.objects.map((uri) => el("li", {}, el("code", { class: "wrap" }, uri))),
      more > 0 && done.objects.length ? el("li", {}, `and ${more.toLocaleString()} more`) : null)
      : el("p", {}, "Nothing that is stored goes by that. Paths begin with / and are compared whole, unless they end in *."));
}

// ------------------------------------------------------------------------------------ what is stored

function objectsView(context, match, names, whenForgotten) {
  const filter = el("input", { type: "search", value: match, "aria-label": "Path or #tag", placeholder: "/img/* or #sale", spellcheck: "false" });
  const body = el("tbody");
  const table = el("table", { class: "grid objects" },
    el("caption", { class: "visually-hidden" }, "Stored objects"),
    el("thead", {}, el("tr", {}, [["Object", "c-uri"], ["Status", "c-status"], ["State", "c-state"], ["Fresh for", "num c-ttl"], ["Age", "num c-age"], ["Size", "num c-size"], ["Tags", "c-tags"]]
      .map(([text, name]) => el("th", { class: name, scope: "col" }, text)))), body);
  const scroll = el("div", { class: "table-scroll", hidden: true }, table);
  const place = el("div", {});
  const note = el("span", { class: "muted", role: "status" });
  const pager = el("div", { class: "more" });
  const form = el("form", { class: "filters", role: "search", onsubmit: (event) => { event.preventDefault(); first(); } },
    filter, el("button", { class: "button" }, "Show"), note);
  let rows = [];
  let number = 1;
  let turn = 0;

  async function load(question, page) {
    turn += 1;
    const mine = turn;
    const found = await tried(place, context, () => get(`/api/cache/objects?${new URLSearchParams({ limit: PAGE, ...question })}`));
    if (!context.alive() || mine !== turn) return;
    if (found === null) {
      scroll.hidden = true;
      return void replace(pager);
    }
    const paged = page > 1 && pager.contains(document.activeElement);
    rows = found.objects;
    number = page;
    draw(found.next);
    if (paged) body.querySelector("button")?.focus({ preventScroll: true });
  }

  const first = () => load({ match: filter.value.trim() || "/*" }, 1);

  function draw(next) {
    replace(place, rows.length ? null : nothing(context, filter, first));
    scroll.hidden = rows.length === 0;
    replace(body, rows.map((row) => line(row, names, open)));
    replace(note, `as of ${clock(Date.now() / 1000)}`);
    const from = (number - 1) * PAGE;
    replace(pager, rows.length === 0 ? null : [
      el("span", {}, number === 1 && !next ? `${count(rows.length, "object")}, and no more`
        : `${(from + 1).toLocaleString()} to ${(from + rows.length).toLocaleString()}${next ? "" : ", and no more"}`),
      number > 1 ? button("From the start", first) : null,
      next ? button("Next page", () => load({ next }, number + 1)) : null]);
  }

  function open(row) {
    objectDialog(context, row, () => { whenForgotten(); first(); });
  }

  return {
    card: el("section", { class: "card", "aria-labelledby": "objects-title" }, el("h2", { id: "objects-title" }, "Objects"), form, place, scroll, pager),
    first,
    isEmpty: () => rows.length === 0,
    tell: (news) => replace(note, `${count(news, "request")} since; Refresh shows what they stored`),
  };
}

function nothing(context, filter, first) {
  if (!["", "/*"].includes(filter.value.trim())) {
    return empty("Nothing that is stored goes by that.", el("p", {}, "A path is compared whole unless it ends in *, as ", el("code", {}, "/img/*"), "; a tag begins with #."),
      button("Show all", () => { filter.value = "/*"; first(); }));
  }
  const edge = context.about.edge_url;
  return empty("Nothing is stored yet", el("p", {}, "Ask for a page of your site, and its object comes here: ",
    edge ? el("a", { href: edge, target: "_blank", rel: "noreferrer" }, edge) : "through the edge"),
  el("p", { class: "muted" }, "Nothing comes? The cache policy may be CachingDisabled, or the origin may say no-store: explain a URL above."));
}

function line(row, names, open) {
  return el("tr", {},
    el("td", { class: "c-uri" }, el("button", { type: "button", class: "link", onclick: () => open(row) }, row.uri), extra(row, names)),
    el("td", { class: "c-status" }, el("span", { class: `status s${String(row.status)[0]}` }, row.status)),
    el("td", { class: "c-state" }, tag(row.state, STATES[row.state])),
    el("td", { class: "num c-ttl", "data-name": row.ttl > 0 ? "fresh for" : null }, row.ttl > 0 ? span(row.ttl) : `until ${span(row.ttl)} ago`),
    el("td", { class: "num c-age", "data-name": "age" }, span(row.age)),
    el("td", { class: "num c-size" }, size(row.size)),
    el("td", { class: "c-tags" }, row.tags.slice(0, 6).map((name) => [tag(`#${name}`), " "]), row.tags.length > 6 ? `and ${row.tags.length - 6} more` : null));
}

/** Return what of a key is not in its URI; which distribution it is of, where there are several. */
function extra(row, names) {
  const parts = Object.entries(row.key)
    .filter(([name, value]) => !["path", "query"].includes(name) && !(name === "method" && value === "GET") && !(name === "distribution" && names.size < 2))
    .map(([name, value]) => [name, name === "distribution" ? names.get(value) ?? value : value]);
  return parts.length ? el("span", { class: "key-parts" }, parts.map(([name, value]) => [el("span", { class: "muted" }, `${name} `), value, " "])) : null;
}
