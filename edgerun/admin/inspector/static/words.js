// Numbers, times and results in words.

/** Return seconds as people read them: 340 µs, 12.3 ms, 1.20 s. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.1 ? 1 : 0)} ms`;
  return seconds < 120 ? `${seconds.toFixed(2)} s` : `${Math.round(seconds / 60)} min`;
}

/** Return bytes as people read them. */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "";
  if (bytes < 1000) return `${bytes} B`;
  const units = ["KB", "MB", "GB", "TB"];
  let n = -1;
  let left = bytes;
  while (left >= 1000 && n < units.length - 1) { left /= 1000; n += 1; }
  return `${left.toFixed(left < 10 ? 2 : 1)} ${units[n]}`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

/** Return the time of day of a moment in seconds since the epoch. */
export function clock(seconds) {
  return CLOCK.format(new Date(seconds * 1000));
}

/** Return a moment in full. */
export function moment(seconds) {
  return WHOLE.format(new Date(seconds * 1000));
}

/** Return path and query of a record. */
export function target(record) {
  return record.query === null || record.query === undefined ? record.path : `${record.path}?${record.query}`;
}

/** Return the URL of a record. */
export function url(record) {
  return `${record.scheme}://${record.host}${target(record)}`;
}

/** Return the tone of a result type: good for hits, info for misses, odd for what a function made, bad for errors. */
export function toneOf(result) {
  if (/Hit$/.test(result)) return "good";
  if (result === "Miss") return "info";
  if (/GeneratedResponse$/.test(result)) return "odd";
  return /Error$|Exceeded$/.test(result) ? "bad" : "plain";
}

const SHORT = {
  LambdaGeneratedResponse: "Lambda’s answer",
  FunctionGeneratedResponse: "Function’s answer",
  LambdaExecutionError: "Lambda failed",
  FunctionExecutionError: "Function failed",
  LambdaValidationError: "Refused",
  FunctionValidationError: "Refused",
  LambdaLimitExceeded: "Throttled",
  FunctionThrottledError: "Throttled",
};

/** Return a result type in words that fit a column. */
export function resultWords(result) {
  return SHORT[result] ?? result ?? "";
}

export const POINTS = ["viewer-request", "origin-request", "origin-response", "viewer-response"];

/** Return how many there are of something: `count(2, "field")` is "2 fields". */
export function count(number, word, words = `${word}s`) {
  return `${number.toLocaleString()} ${number === 1 ? word : words}`;
}
