// Elements, made of text: whatever a request, a header or a log line contains, nothing here parses it as HTML.

/**
 * Make an element.
 * @param {string} tag
 * @param {Object<string, unknown>} [attributes] `class`, `onclick` and its like (functions), properties of controls
 *   (`value`, `checked`, `disabled`, `open`), `style` as an object of custom properties, else attributes; null, undefined
 *   and false are left out.
 * @param {...unknown} children elements, texts, numbers, lists of them; null, undefined and false are left out.
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) set(made, name, value);
  made.append(...nodes(children));
  return made;
}

const PROPERTIES = new Set(["value", "checked", "disabled", "open", "selected", "readOnly", "indeterminate"]);

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on") && typeof value === "function") element.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
  else if (name === "class") element.className = value;
  else if (PROPERTIES.has(name)) element[name] = value;
  else if (name === "href" && !/^(#|\/|https?:|blob:)/i.test(String(value))) return;
  else element.setAttribute(name, value === true ? "" : String(value));
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

/** Put children in place of what an element holds. */
export function replace(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

/** Return text that only those hear who cannot see. */
export function hidden(text) {
  return el("span", { class: "visually-hidden" }, text);
}

/** Return a heading with what stands beside it. The page's first heading takes the focus when the page is opened. */
export function pageHead(title, ...tools) {
  return el("div", { class: "page-head" }, el("h1", { tabindex: "-1" }, title), el("div", { class: "toolbar" }, tools));
}

/** Return a titled part of a page. */
export function card(title, ...content) {
  return el("section", { class: "card" }, el("h2", {}, title), content);
}

/** Return names and values side by side: `facts([["Memory", "128 MB"]])`; those without a value are left out. */
export function facts(rows, { wide = false } = {}) {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", { class: wide ? "facts one" : "facts" }, shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/** Return a small label; `tone` is good, info, warn, bad, odd or plain. */
export function tag(text, tone = "plain", attributes = {}) {
  return el("span", { class: `tag ${tone}`, ...attributes }, text);
}

/** Return what a page says when there is nothing to show. */
export function empty(title, ...content) {
  return el("div", { class: "empty" }, el("p", { class: "empty-title" }, title), content);
}

/** Return a button. */
export function button(text, onclick, attributes = {}) {
  return el("button", { type: "button", class: "button", onclick, ...attributes }, text);
}

/** Copy text, and say so on the button that was pressed. */
export async function copy(text, pressed) {
  const said = pressed.textContent;
  try {
    await navigator.clipboard.writeText(text);
    pressed.textContent = "Copied";
  } catch {
    pressed.textContent = "Could not copy";
  }
  setTimeout(() => { pressed.textContent = said; }, 1500);
}
