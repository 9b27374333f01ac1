// What the server says about changes, for the pages that have to look again.

import { stream } from "./api.js";

/**
 * Listen to `/api/changes` for as long as the document is seen: a browser has only a few connections for each host.
 * @param {(kind: string, told: any) => void} onChange gets `functions`, `origins` and `config`; `hello` when changes
 *   are told from now on, for what changed before that, and `again` when the server may be another one since.
 * @returns {() => void} what ends it.
 */
export function changes(onChange) {
  let end = null;
  let missed = false;
  const begin = () => {
    end = stream("/api/changes", (kind, told) => {
      if (kind === "closed") missed = true;
      else if (kind === "hello") {
        onChange(missed ? "again" : "hello", null);
        missed = false;
      } else if (kind !== "open") onChange(kind, told);
    });
  };
  const seen = () => {
    if (document.hidden) {
      end?.();
      end = null;
      missed = true;
    } else if (end === null) begin();
  };
  document.addEventListener("visibilitychange", seen);
  begin();
  return () => {
    document.removeEventListener("visibilitychange", seen);
    end?.();
  };
}

/** Return what tells whether it was handed something else than the last time: what is drawn anew loses the focus. */
export function differs() {
  let before = "";
  return (told) => {
    const now = JSON.stringify(told);
    const other = now !== before;
    before = now;
    return other;
  };
}

/** Return what runs `act` once after another: asked for while it runs, it runs once more afterwards. */
export function oneByOne(act) {
  let running = false;
  let again = false;
  return async () => {
    again = running;
    if (running) return;
    running = true;
    try {
      do {
        again = false;
        await act();
      } while (again);
    } finally {
      running = false;
    }
  };
}
