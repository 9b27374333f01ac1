// Spans of time and what else the pages on functions, cache and distributions say in words.

/** Return seconds as a span: 45 s, 12 min, 3 h, 5 d. */
export function span(seconds) {
  const whole = Math.round(Math.abs(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.round(whole / 60)} min`;
  if (whole < 172_800) return `${Math.round(whole / 3600)} h`;
  return `${Math.round(whole / 86_400).toLocaleString()} d`;
}

/** Return milliseconds: 0.42 ms, 12.3 ms, 1,204 ms. */
export function milliseconds(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  return ms < 100 ? `${ms.toFixed(1)} ms` : `${Math.round(ms).toLocaleString()} ms`;
}

/** Return whether a step of arithmetic holds, or its value, in words. */
export function shown(value) {
  if (value === null) return "none";
  if (value === true) return "yes";
  if (value === false) return "no";
  return typeof value === "number" ? `${Number(value.toFixed(3))} s` : value;
}
