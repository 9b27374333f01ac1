// Distributions: which behavior takes a request, which functions it meets, where it ends up.

import { get } from "./api.js";
import { changes, differs, oneByOne } from "./changes.js";
import { picture } from "./distribution_picture.js";
import { el, empty, facts, pageHead, replace, tag } from "./dom.js";
import { span } from "./spans.js";
import { count, POINTS } from "./words.js";

const NOT_TAKEN = "the last good revision keeps serving";
const REDRAW = 120; // milliseconds without another change of the window's width

export async function page(root, context, params) {
  context.title("Distributions");
  const summary = el("span", { class: "muted" });
  const matcher = matchForm(context, params.query.get("url") ?? "", () => mark());
  const problem = el("div", { class: "notice bad", role: "alert", hidden: true });
  const refused = el("div", { class: "notice bad", role: "alert", hidden: true });
  const list = el("div", { class: "distributions" });
  replace(root, pageHead("Distributions", summary), matcher.form, problem, refused, list);
  let told = null;
  let views = [];
  const pictureDiffers = differs();

  context.on("note", (note) => {
    if (note.level !== "error" || !note.text.includes(NOT_TAKEN)) return;
    replace(refused, el("p", {}, el("b", {}, "The last save was not taken over.")), el("pre", { class: "code" }, note.text));
    refused.hidden = false;
  });

  const look = oneByOne(async () => {
    try {
      const found = await get("/api/distributions");
      if (!context.alive()) return;
      problem.hidden = true;
      told = found;
      if (pictureDiffers(found)) draw();
      await matcher.again();
    } catch (error) {
      if (!context.alive() || error.status === 401) return;
      problem.hidden = false;
      replace(problem, error.message);
    }
  });

  function draw() {
    const open = new Set(views.filter((view) => view.isOpen()).map((view) => view.id));
    replace(summary, count(told.distributions.length, "distribution"));
    views = told.distributions.map((each) => distributionView(each, told.origins, open.has(each.id)));
    matcher.form.hidden = views.length === 0;
    replace(list, views.length ? views.map((view) => view.card) : none());
    for (const view of views) view.draw();
    mark();
  }

  function mark() {
    for (const view of views) view.mark(matcher.indexOf(view.id));
  }

  let timer = 0;
  let width = list.clientWidth;
  const resized = new ResizeObserver(() => {
    if (list.clientWidth === width) return;
    width = list.clientWidth;
    clearTimeout(timer);
    timer = setTimeout(() => {
      for (const view of views) view.draw();
      mark();
    }, REDRAW);
  });
  await look();
  resized.observe(list);
  const end = changes(async (kind) => {
    if (kind === "functions") return;
    if (kind === "config") refused.hidden = true;
    await look();
    if (kind === "config" && context.alive()) context.announce("The configuration was reloaded.");
  });
  return () => {
    end();
    resized.disconnect();
    clearTimeout(timer);
  };
}

function none() {
  return el("div", { class: "card" }, empty("No distribution", el("p", {}, "Give edgerun.toml a [default_behavior] with an origin; this page notices when you save.")));
}

// ------------------------------------------------------------------------------------ which behavior takes a URL

function matchForm(context, given, onMatch) {
  const input = el("input", { type: "text", value: given, spellcheck: "false", autocapitalize: "off", placeholder: "/api/users?id=1 or https://shop.example.com/", "aria-describedby": "match-hint" });
  const said = el("p", { class: "match-said", role: "status" });
  let matches = new Map();
  let asked = "";

  async function ask() {
    asked = input.value.trim();
    if (!asked) {
      matches = new Map();
      replace(said);
      return onMatch();
    }
    const mine = asked;
    try {
      const found = await get(`/api/distributions/match?${new URLSearchParams({ url: mine })}`);
      if (!context.alive() || mine !== asked) return undefined;
      matches = new Map(found.matches.map((each) => [each.distribution, each.index]));
      replace(said, found.matches.map((each) => el("span", {}, el("b", {}, each.name), `: behavior ${each.index + 1}, `, el("code", { class: "wrap" }, each.path_pattern),
        ", takes ", el("code", { class: "wrap" }, each.path), ". ")));
    } catch (error) {
      if (!context.alive() || mine !== asked || error.status === 401) return undefined;
      matches = new Map();
      replace(said, el("span", { class: "refused" }, error.message));
    }
    return onMatch();
  }

  const form = el("form", { class: "card match", onsubmit: (event) => { event.preventDefault(); ask(); } },
    el("label", { class: "field" }, "Which behavior takes this URL?",
      el("span", { class: "match-line" }, input, el("button", { class: "button primary" }, "Show"))),
    el("p", { class: "muted", id: "match-hint" }, "Behaviors are tried in order, the first whose pattern matches the path counts. A path alone is asked of every distribution."),
    said);
  return {
    form,
    again: () => (input.value.trim() && (asked || given) ? ask() : undefined),
    indexOf: (id) => matches.get(id) ?? -1,
  };
}

// ------------------------------------------------------------------------------------ one distribution

function distributionView(told, origins, open) {
  const title = `distribution-${told.id}`;
  const figure = el("figure", { class: "drawing" });
  const rows = told.behaviors.map((behavior, n) => behaviorRow(behavior, n));
  const all = el("details", { class: "behaviors-all", open },
    el("summary", {}, "Everything in words"),
    el("h3", {}, "Behaviors, in the order in which they are tried"), el("ol", { class: "behaviors" }, rows),
    el("h3", {}, "Origins"), originList(told, origins),
    el("h3", {}, "Error pages"), errorPages(told));
  const geo = told.geo_restriction;
  return {
    id: told.id,
    isOpen: () => all.open,
    card: el("section", { class: "card distribution", "aria-labelledby": title },
      el("div", { class: "function-head" }, el("h2", { id: title }, told.name), tag(told.id),
        told.enabled ? null : tag("disabled: answers nobody", "bad"), told.caching === "rfc9111" ? tag("caching: rfc9111", "odd") : null),
      facts([
        ["Answers", told.aliases.length ? told.aliases.join(", ") : "every host that no other distribution claims"],
        ["Domain name", el("code", { class: "wrap" }, told.domain_name)],
        ["Root object", told.default_root_object ? el("code", {}, told.default_root_object) : null],
        ["Countries", geo ? `${geo.type === "whitelist" ? "only" : "all but"} ${geo.locations.join(", ")}` : null],
        ["Access log", told.access_log ? el("code", { class: "wrap" }, told.access_log) : null],
      ]),
      figure, all),
    draw() {
      replace(figure, picture(told, origins, figure.clientWidth), el("figcaption", { class: "legend", "aria-hidden": "true" },
        tag("Lambda@Edge", "odd"), tag("CloudFront Function", "info"), tag("cache: shortest … usual … longest freshness", "good"),
        told.behaviors.some((each) => each.origin_group) ? tag("dashed: asked where the first origin fails") : null));
    },
    mark(index) {
      rows.forEach((row, n) => {
        row.classList.toggle("matched", n === index);
        if (n === index) row.setAttribute("aria-current", "true");
        else row.removeAttribute("aria-current");
      });
      for (const part of figure.querySelectorAll("[data-behavior]")) part.classList.toggle("matched", Number(part.dataset.behavior) === index);
    },
  };
}

function behaviorRow(told, n) {
  const policy = told.cache_policy;
  const group = told.origin_group;
  return el("li", { class: "behavior" },
    el("h4", {}, el("span", { class: "muted" }, `${n + 1} `), el("code", { class: "wrap" }, told.path_pattern), " ",
      told.default ? tag("default") : null, told.unreachable ? tag("never reached: * stands before it", "warn") : null),
    facts([
      ["Viewers", `${protocol(told.viewer_protocol_policy)}; ${told.allowed_methods}`],
      ["Cached", policy.disabled ? "nothing: the TTLs are 0" : told.cached_methods],
      ["Cache policy", policyWords(policy)],
      ["Cache key", policy.disabled ? null : `headers ${policy.headers}; cookies ${policy.cookies}; query strings ${policy.query_strings}`],
      ["To the origin", told.origin_request_policy ? `${told.origin_request_policy.name}: headers ${told.origin_request_policy.headers}; cookies ${told.origin_request_policy.cookies}; query strings ${told.origin_request_policy.query_strings}` : null],
      ["Headers policy", told.response_headers_policy],
      ["Compresses", told.compress ? [policy.gzip && "gzip", policy.brotli && "brotli"].filter(Boolean).join(", ") || "nothing: the cache policy has neither gzip nor brotli" : "no"],
      ["Private", told.trusted_key_groups.length ? `signed URLs or cookies, by ${told.trusted_key_groups.join(", ")}` : null],
      ...POINTS.map((point) => [point, functionLink(told.functions[point])]),
      ["Origin", group ? `${group.name}: ${group.primary}, and ${group.secondary} for ${group.status_codes.join(", ")}` : told.origin],
    ]));
}

function functionLink(told) {
  if (!told) return null;
  return [el("a", { href: `#/functions/${encodeURIComponent(told.name)}` }, told.name), ` ${told.runtime}${told.include_body ? ", with body" : ""}`];
}

export function protocol(policy) {
  return { "allow-all": "HTTP and HTTPS", "https-only": "HTTPS only", "redirect-to-https": "HTTP is sent to HTTPS" }[policy] ?? policy;
}

function policyWords(policy) {
  if (policy.disabled) return policy.name;
  return `${policy.name}: fresh for ${span(policy.default_ttl)} unless the origin says otherwise, from ${span(policy.min_ttl)} to ${span(policy.max_ttl)}`;
}

function originList(told, origins) {
  const names = new Set(told.behaviors.flatMap((each) => (each.origin_group ? [each.origin_group.primary, each.origin_group.secondary] : [each.origin])));
  return el("ul", { class: "origins" }, [...names].map((name) => {
    const origin = origins[name];
    return el("li", {}, el("h4", {}, name, " ", tag(origin.kind)),
      facts([
        ["Where", el("code", { class: "wrap" }, `${origin.place}${origin.path}`)],
        ["Waits", `${origin.connection_attempts} × ${origin.connection_timeout} s to connect, ${origin.read_timeout} s for an answer`],
        ["Own headers", origin.custom_headers ? count(origin.custom_headers, "header") : null],
        ["Started by", origin.command ? el("code", { class: "wrap" }, origin.command) : null],
      ]),
      origin.failure ? el("p", { class: "notice bad" }, failureWords(origin.failure)) : null);
  }));
}

export function failureWords(failure) {
  const at = new Date(failure.at * 1000).toLocaleTimeString();
  return `It gave no answer ${failure.count === 1 ? "once" : `${failure.count.toLocaleString()} times`}, the last time at ${at}: ${failure.message}`;
}

function errorPages(told) {
  if (!told.error_responses.length) return el("p", { class: "muted" }, "None: viewers get the origin’s own; errors are kept for 10 s.");
  return el("ul", { class: "plain-list tall" }, told.error_responses.map((each) => el("li", {}, errorWords(each))));
}

/** Return what becomes of an error status, in words. */
export function errorWords(told) {
  const page = told.response_page_path ? `${told.error_code} → ${told.response_page_path} as ${told.response_code ?? told.error_code}` : `${told.error_code}`;
  return `${page}, kept for ${span(told.error_caching_min_ttl)}`;
}
