// The world of one run: what every function sees, and the one way in and out of it.
//
// All of this is compiled for every run, so it is short, and what only some functions need has a file of its own; what
// is rarely reached is a text until then. Composed (`world.py`), everything is on the engine's first line, so that a
// stack frame on line 1 is ours and one on line n + 1 is the function's line n. Hence: a semicolon after every
// statement, comments on lines of their own. Our own references are taken before the function's code runs: it may
// change every global without effect on us.
(function (g) {
  "use strict";
  const {Array, Error, JSON, Object, Promise, String, Symbol, TypeError} = g;
  const {apply, construct, deleteProperty} = g.Reflect;
  const {defineProperty, getPrototypeOf, keys} = Object;
  const {isArray} = Array;
  const {parse, stringify} = JSON;
  const {then} = Promise.prototype;
  const {join} = Array.prototype;
  const compile = g.eval;
  const hidden = (object, name, value) => defineProperty(object, name, {value, writable: true, configurable: true});
  const methods = (object, those) => { for (const name of keys(those)) hidden(object, name, those[name]); };
  let now = 0, isRequest = false, edgeLocation = {}, cloudfront, customData;
  let seed = () => {};
  const lines = [], calls = [], asked = [], waiting = [];
  const modules = {__proto__: null};
  // What `+` makes of long texts is a rope, which cannot leave the engine.
  const flat = (texts) => apply(join, texts, [""]);
  const lazy = (text) => { let made; return (value) => (made || (made = compile(text)(g)))(value); };
  const shown = lazy(SHOWN);
  const describe = lazy(DESCRIBE);

  // -- no code is made at run time

  const NoFunction = function Function(text) {
    throw new TypeError('function constructor is disabled in "safe" mode');
  };
  defineProperty(NoFunction, "prototype", {value: g.Function.prototype, writable: false});
  hidden(g, "Function", NoFunction);
  hidden(NoFunction.prototype, "constructor", NoFunction);
  hidden(getPrototypeOf(async () => {}), "constructor", NoFunction);
  const {InternalError} = g;
  methods(g, {eval(text) { throw new InternalError("Not implemented"); }});

  PARTS

  // -- what the engine has and the function may not have

  for (const [names, object] of ABSENT) for (const name of names) deleteProperty(object, name);

  // -- one run

  let top, state = 0, result;
  const resolved = (value) => { state = 1; result = value; };
  const rejected = (error) => { state = 2; result = error; };
  const kind = (value) => value === null ? "null" : isArray(value) ? "array" : typeof value;
  const told = () => {
    const is = kind(result);
    let value = is === "object" || is === "array" ? stringify(result) : undefined;
    const named = value === undefined && is === "object" ? "undefined" : is;
    if (value === undefined) value = is === "string" || is === "number" || is === "boolean" ? stringify(result) : "null";
    const custom = customData === undefined ? "" : ',"customData":' + stringify(customData);
    return flat(['{"kind":"', named, '","value":', value, ',"origin":', calls.length ? stringify(calls) : "null",
      custom, "}"]);
  };
  const failed = (error) => flat(['{"error":', describe(error), "}"]);
  const begin = (text, place) => {
    const event = parse(text), {request} = event;
    isRequest = !event.context || event.context.eventType !== "viewer-response";
    if (isRequest) edgeLocation = parse(place);
    if (typeof request === "object" && request !== null) {
      const query = request.rawQueryString;
      delete request.rawQueryString;
      hidden(request, "rawQueryString", function rawQueryString() { return query; });
    }
    const returned = apply(top, g, [cloudfront])(event);
    if (returned instanceof Promise) apply(then, returned, [resolved, rejected]);
    else resolved(returned);
  };
  const steps = {
    load(text) { top = text; },
    run(text, time, chance, place) {
      now = time;
      seed(chance);
      try { begin(text, place); } catch (error) { rejected(error); }
    },
    asked() {
      if (!asked.length) return "";
      const text = flat([stringify(asked)]);
      asked.length = 0;
      return text;
    },
    answer(text) { for (const one of parse(text)) waiting[one.id](one); },
    lines() { return lines.length ? flat([stringify(lines)]) : ""; },
    finish() {
      if (state === 1) try { return told(); } catch (error) { rejected(error); }
      return failed(state ? result : new Error("the promise that handler returned was never settled"));
    },
  };
  return (name, one, two, three, four) => steps[name](one, two, three, four);
})(globalThis)
