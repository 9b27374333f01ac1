// Drawings, made of elements and text as everything else here. They are for the eye: what they show stands beside them.

const SPACE = "http://www.w3.org/2000/svg";

/** Make an element of a drawing; null, undefined and false are left out. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(name, String(value));
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child)))));
  return made;
}

/** Return a drawing of a size in CSS pixels that nobody is read. */
export function drawing(width, height, attributes, ...children) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", focusable: "false", ...attributes }, ...children);
}

/** Return a text that fits a width: of glyphs so wide, with the whole as a tooltip where it had to be cut. */
export function fitted(x, y, width, text, attributes = {}, glyph = 7.3) {
  const room = Math.max(1, Math.floor(width / glyph));
  const letters = [...String(text)];
  const shown = letters.length > room ? `${letters.slice(0, room - 1).join("")}…` : letters.join("");
  return svg("text", { x, y, ...attributes }, shown, letters.length > room ? svg("title", {}, text) : null);
}
