// A value as console.log writes it: the form of njs.
(function (g) {
  "use strict";
  const {Array, ArrayBuffer, Date, Error, JSON, Object, RegExp, Symbol} = g;
  const {isArray} = Array;
  const {keys, getOwnPropertyDescriptor} = Object;
  const quoted = (text) => {
    const inside = JSON.stringify(text).slice(1, -1);
    return "'" + inside.replace(/\\(["\\])/g, (both, one) => one === '"' ? one : both) + "'";
  };
  const label = (object) => {
    const made = object.constructor;
    return typeof made === "function" && made.name !== "Object" && made.name ? made.name + " " : "";
  };
  const members = (object, above) => {
    let all = "";
    for (const key of keys(object)) {
      const {get, set, value} = getOwnPropertyDescriptor(object, key);
      const text = get ? (set ? "[Getter/Setter]" : "[Getter]") : set ? "[Setter]" : shown(value, above);
      all += (all && ",") + key + ":" + text;
    }
    return all;
  };
  const items = (list, above) => {
    let all = "";
    for (let n = 0; n < list.length; n += 1) all += (n ? "," : "") + (n in list ? shown(list[n], above) : "<empty>");
    return "[" + all + "]";
  };
  const shown = (value, above) => {
    if (typeof value === "string") return quoted(value);
    if (typeof value === "symbol") return Symbol.prototype.toString.call(value);
    if (typeof value === "number") return Object.is(value, -0) ? "-0" : "" + value;
    if (typeof value === "function") return value.name ? "[Function: " + value.name + "]" : "[Function]";
    if (typeof value !== "object" || value === null) return "" + value;
    for (let up = above; up; up = up.above) if (up.value === value) return "[Circular]";
    const here = {value, above};
    if (isArray(value)) return items(value, here);
    if (ArrayBuffer.isView(value) && "length" in value) return label(value) + items(value, here);
    if (value instanceof Date) return isNaN(value) ? "Invalid Date" : value.toISOString();
    if (value instanceof RegExp) return "" + value;
    if (value instanceof Error) return Error.prototype.toString.call(value);
    return label(value) + "{" + members(value, here) + "}";
  };
  return (value) => [typeof value === "string" ? value : shown(value)].join("");
})
