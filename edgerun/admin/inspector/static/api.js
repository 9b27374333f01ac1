// The server's JSON, asked with the token. The token is a header and no cookie: cookies are shared with the site under
// test, which is on another port of the same host.

const KEY = "edgerun.token";
const SILENCE = 30_000; // the server says something every ten seconds

let known = null;

/** What the server did not do, and why. `status` is 0 when it could not be reached. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const token = {
  /** Return the token, "" without one. */
  get() {
    if (known !== null) return known;
    try {
      known = localStorage.getItem(KEY) ?? "";
    } catch {
      known = "";
    }
    return known;
  },

  /** Keep a token for this address: the storage of a browser is apart for each port. */
  set(text) {
    known = text;
    try {
      localStorage.setItem(KEY, text);
    } catch {
      // It then lasts as long as the page.
    }
  },

  /** Take the token out of the address, where it would stay in the history; tell whether there was one. */
  takeFromAddress() {
    const found = /^#token=([\w-]+)(?:&(.*))?$/.exec(location.hash);
    if (!found) return false;
    token.set(found[1]);
    history.replaceState(null, "", `${location.pathname}#${found[2] || "/requests"}`);
    return true;
  },
};

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, {
      ...options, cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
      headers: { "X-Edgerun-Token": token.get(), ...options.headers },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "the server does not answer");
  }
  if (response.ok) return response;
  if (response.status === 401) window.dispatchEvent(new Event("edgerun:unknown"));
  throw new ApiError(response.status, await reason(response));
}

async function reason(response) {
  try {
    return (await response.json()).error ?? `the server answered ${response.status}`;
  } catch {
    return `the server answered ${response.status}`;
  }
}

/** Return the JSON at a path. `options` may have a `signal`. */
export async function get(path, options) {
  return (await ask(path, options)).json();
}

/** Send JSON and return the JSON that comes back. */
export async function post(path, body = {}, options = {}) {
  const given = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  return (await ask(path, { ...given, ...options })).json();
}

/** Return the JSON lines of an answer to a POST, as `/cache/objects` sends them. */
export async function lines(path, body = {}) {
  const given = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const text = await (await ask(path, given)).text();
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** Save what is at a path as a file. */
export async function download(path, name) {
  const address = URL.createObjectURL(await (await ask(path)).blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * Listen to server-sent events, again and again: `fetch` and not EventSource, which cannot send the token.
 * @param {string} path
 * @param {(kind: string, told: any) => void} onEvent also gets `open` and `closed` of the connection itself.
 * @returns {() => void} what ends it.
 */
export function stream(path, onEvent) {
  const ended = new AbortController();
  let pause = 250;
  (async () => {
    while (!ended.signal.aborted) {
      try {
        await listen(path, ended.signal, (kind, told) => {
          if (kind === "open") pause = 250;
          onEvent(kind, told);
        });
      } catch (error) {
        if (ended.signal.aborted) return;
        onEvent("closed", { status: error.status ?? 0 });
        if (error.status === 401) return;
      }
      await new Promise((done) => { setTimeout(done, pause); });
      pause = Math.min(pause * 2, 4000);
    }
  })();
  return () => ended.abort();
}

async function listen(path, outer, onEvent) {
  const quiet = new AbortController();
  const signal = AbortSignal.any([outer, quiet.signal]);
  let watch = setTimeout(() => quiet.abort(), SILENCE);
  try {
    const response = await ask(path, { signal });
    onEvent("open", null);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new ApiError(0, "the server closed the stream");
      clearTimeout(watch);
      watch = setTimeout(() => quiet.abort(), SILENCE);
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) take(part, onEvent);
    }
  } finally {
    clearTimeout(watch);
  }
}

function take(part, onEvent) {
  let kind = "message";
  const data = [];
  for (const line of part.split("\n")) {
    if (line.startsWith("event: ")) kind = line.slice(7);
    else if (line.startsWith("data: ")) data.push(line.slice(6));
  }
  if (data.length) onEvent(kind, JSON.parse(data.join("\n")));
}
