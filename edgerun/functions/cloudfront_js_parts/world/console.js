// console.log takes one value; the lines are fetched when the run has ended.
  const console = {};
  methods(console, {log(message) { lines[lines.length] = typeof message === "string" ? message : shown(message); }});
  defineProperty(console, Symbol.toStringTag, {value: "Console", configurable: true});
  hidden(g, "console", console);
