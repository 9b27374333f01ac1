// One request: every stage of it, what the cache decided, what the origin said, what went wrong; sent again and replayed.

import { download, get, post } from "./api.js";
import { curl } from "./curl.js";
import { differencesTable } from "./diff.js";
import { button, card, copy, el, empty, facts, pageHead, replace, tag } from "./dom.js";
import { messageView } from "./message.js";
import { problems } from "./problems.js";
import { resendForm } from "./resend.js";
import { arithmetic, openAll, waterfall } from "./stages.js";
import { count, duration, moment, resultWords, size, target, toneOf } from "./words.js";

export async function page(root, context, { id, query }) {
  context.title("Request");
  context.keys([{ key: "Escape", shown: "Esc", does: "back to the list", act: () => context.go("#/requests") }]);
  let record;
  try {
    record = await get(`/api/requests/${encodeURIComponent(id)}`);
  } catch (error) {
    if (error.status !== 404 && error.status !== 409) throw error;
    replace(root, pageHead("No such request"), el("div", { class: "card" },
      empty(error.message, el("p", {}, el("a", { href: "#/requests" }, "All requests")))));
    return;
  }
  if (!context.alive()) return;
  context.title(`${record.method} ${record.path}`);

  const place = el("div", { class: "place" });
  const name = encodeURIComponent(record.id);
  let form = null;

  function edit() {
    if (form) return form.first.focus();
    form = resendForm(record, (fresh) => context.go(`#/requests/${encodeURIComponent(fresh)}?from=${name}`), () => {
      form = null;
      replace(place);
      actions.querySelector("button").focus();
    });
    replace(place, form.form);
    return form.first.focus();
  }

  async function replay(live, pressed) {
    form = null;
    pressed.disabled = true;
    replace(place, el("div", { class: "card", role: "status" }, el("p", {}, "Replaying through the configuration and code as they are now…")));
    try {
      const told = await post(`/api/replay/${name}`, { live });
      if (context.alive()) replace(place, replayed(told, record, live));
      context.announce(told.same ? "Replayed: nothing differs" : `Replayed: ${count(told.differences.length, "difference")}`);
    } catch (error) {
      if (context.alive()) replace(place, el("div", { class: "notice bad", role: "alert" }, error.message));
    } finally {
      pressed.disabled = false;
    }
  }

  const actions = el("div", { class: "toolbar actions" },
    button("Edit and resend", edit, { class: "button primary" }),
    button("Replay", (event) => replay(false, event.currentTarget), { title: "Through today’s configuration and code; the origin answers what it answered then" }),
    button("Replay live", (event) => replay(true, event.currentTarget), { title: "The same, but the origin is asked" }),
    button("Copy as curl", (event) => copy(curl(record, context.about.edge_url), event.currentTarget)),
    button("HAR", () => download(`/api/requests/${name}/har`, `edgerun-${record.number}.har`)),
    button("HAR without secrets", () => download(`/api/requests/${name}/har?mask=1`, `edgerun-${record.number}-masked.har`)));
  context.keys([
    { key: "e", does: "edit and resend", act: edit },
    { key: "r", does: "replay", act: () => replay(false, actions.children[1]) },
  ]);

  const steps = waterfall(record);
  replace(root,
    el("div", {}, el("a", { class: "back", href: "#/requests" }, "← Requests")),
    head(record), actions, place,
    comparedPlace(query.get("from"), record, context),
    problems(record),
    el("section", { class: "card" }, el("div", { class: "page-head" }, el("h2", {}, "Stages"), el("div", { class: "toolbar" }, openAll(steps[1]))), steps),
    el("div", { class: "columns" }, cachePanel(record), overview(record)),
    record.origin.map((asked, n) => exchange(asked, n, record)),
    el("div", { class: "columns" },
      card("Request", messageView({ method: record.method, target: target(record), ...record.request }, "Request")),
      card("Response", messageView({ status: record.status, ...record.response }, "Response"))));
}

function head(record) {
  return el("div", { class: "request-head" },
    el("h1", { tabindex: "-1", class: "request-title" }, el("span", { class: "verb" }, record.method), " ",
      el("span", { class: "host" }, `${record.scheme}://${record.host}`), target(record)),
    el("div", { class: "toolbar" },
      el("span", { class: `status s${Math.floor(record.status / 100)}` }, record.status || "the viewer left"),
      tag(resultWords(record.result_type), toneOf(record.result_type)),
      el("span", { class: "muted" }, `${duration(record.time_taken)} · ${size(record.bytes)} · ${moment(record.at)} · number ${record.number}`)));
}

function overview(record) {
  return card("Overview", facts([
    ["Id", el("code", {}, record.id)],
    ["Viewer", record.client_port ? `${record.client}, port ${record.client_port}` : record.client],
    ["Protocol", `HTTP/${record.http_version}, ${record.scheme}`],
    ["Distribution", record.distribution],
    ["Behavior", record.path_pattern ? el("code", {}, record.path_pattern) : ""],
    ["Result", record.result_type],
    ["In detail", record.detailed !== record.result_type ? record.detailed : ""],
    ["First byte", duration(record.time_to_first_byte)],
    ["Whole", duration(record.time_taken)],
    ["Complete", record.complete === false ? "no: it was cut short" : ""],
    ["Failover", record.failover],
    ["Utilization", record.utilization === null || record.utilization === undefined ? "" : `${record.utilization} %`],
  ], { wide: true }));
}

/** Return what the cache decided, from which key and arithmetic, and what would make it a hit. */
function cachePanel(record) {
  if (!record.cache) return card("Cache", el("p", { class: "muted" }, "The cache was not asked."));
  const cache = { ...record.cache, ...lookedUp(record) };
  const stored = cache.stored_by && cache.stored_by !== record.id;
  return card("Cache",
    facts([
      ["Result", tag(resultWords(cache.word), toneOf(cache.word))],
      ["Why", cache.reason],
      ["A hit needs", cache.hint],
      ["Waited", cache.collapsed ? "for another request for the same object" : ""],
      ["Stored by", stored ? el("a", { href: `#/requests/${encodeURIComponent(cache.stored_by)}` }, `${cache.stored_by.slice(0, 8)}…`) : ""],
      ["Afterwards", cache.settled ? (cache.settled.stored ? `stored: ${cache.settled.case}` : `not stored: ${cache.settled.reason || cache.settled.case}`) : ""],
    ], { wide: true }),
    cache.key.length ? [el("h3", {}, "Cache key"), arithmetic(cache.key)] : null,
    cache.steps.length ? [el("h3", {}, "Freshness"), arithmetic(cache.steps)] : null,
    cache.settled?.steps?.length ? [el("h3", {}, "How long the answer is kept"), arithmetic(cache.settled.steps)] : null);
}

/** Return what the look-up said when the answer came of a failure after it, and so tells nothing of the cache itself. */
function lookedUp(record) {
  const detail = (name) => record.stages.find((stage) => stage.name === name)?.detail;
  const found = record.cache.key.length || record.cache.steps.length ? null : detail("look up");
  if (!found) return {};
  const key = Object.entries(detail("key") ?? {}).map(([name, value]) => ({ name, value, rule: "" }));
  return { reason: found.reason ?? record.cache.reason, key };
}

function exchange(asked, n, record) {
  const several = record.origin.length > 1 ? ` ${n + 1} of ${record.origin.length}` : "";
  const waited = asked.time_to_first_byte === undefined ? "" : ` · answered after ${duration(asked.time_to_first_byte)}`;
  return el("section", { class: "card" },
    el("h2", {}, `Origin exchange${several}: ${asked.domain}`, el("span", { class: "muted" }, waited)),
    asked.error ? el("div", { class: "notice bad" }, `${asked.error.type}: ${asked.error.message}`) : null,
    el("div", { class: "columns" },
      el("div", { class: "part" }, el("h3", {}, "Sent"), messageView(asked.request, "Sent to the origin")),
      asked.response ? el("div", { class: "part" }, el("h3", {}, "Answered"), messageView(asked.response, "The origin’s answer")) : null));
}

/** Compare a request that was sent again with the one it was made from. */
function comparedPlace(from, record, context) {
  if (!from) return null;
  const place = el("section", { class: "card" }, el("h2", {}, "Compared with the request it was made from"));
  get(`/api/requests/${encodeURIComponent(from)}/differences/${encodeURIComponent(record.id)}`).then((told) => {
    if (!context.alive()) return;
    const link = el("a", { href: `#/requests/${encodeURIComponent(told.before.id)}` }, `request ${told.before.number}`);
    place.append(el("p", {}, told.differences.length ? `${count(told.differences.length, "field")} differ${told.differences.length === 1 ? "s" : ""} from ` : "Nothing differs from ", link, "."));
    if (told.differences.length) place.append(differencesTable(told.differences, "Then", "This one"));
    context.announce(`Sent: ${record.status} ${record.result_type}`);
  }).catch((error) => place.append(el("p", { class: "muted" }, error.message)));
  return place;
}

function replayed(told, record, live) {
  const how = live ? "the origin was asked" : "the origin answered what it answered then";
  const title = told.not_replayed ? "It could not be replayed" : told.same ? "Replayed: nothing differs" : `Replayed: ${count(told.differences.length, "difference")}`;
  return el("section", { class: `card problem ${told.not_replayed ? "bad" : told.same ? "good" : "warn"}` },
    el("h2", {}, title),
    el("p", { class: "muted" }, `Through the configuration and code as they are now; ${how}. `,
      told.after ? `${record.status} ${record.result_type} then, ${told.after.status} ${told.after.result_type} now.` : ""),
    told.not_replayed ? el("p", {}, told.not_replayed) : null,
    told.differences.length ? differencesTable(told.differences, "Recorded", "Now") : null);
}
