// Text to bytes and back, on the engine's own fast paths.
  const {
    ArrayBuffer, DataView, Math, Number, RangeError, Uint8Array,
    atob, decodeURIComponent, encodeURIComponent, escape, unescape,
  } = g;
  const {fromCharCode} = String;
  const {toBase64, toHex, setFromHex, setFromBase64, set: setBytes} = Uint8Array.prototype;
  const {toWellFormed, slice: sliceText} = String.prototype;
  const chunk = 8192;
  const binary = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += chunk) text += apply(fromCharCode, null, bytes.subarray(at, at + chunk));
    return text;
  };
  const fromBinary = (text) => {
    const bytes = new Uint8Array(text.length);
    for (let n = 0; n < bytes.length; n += 1) bytes[n] = text.charCodeAt(n);
    return bytes;
  };
  const utf8 = (text) => fromBinary(unescape(encodeURIComponent(apply(toWellFormed, "" + text, []))));
  const decoded = lazy(UTF8);
  const utf8Text = (bytes) => {
    const text = binary(bytes);
    try { return decodeURIComponent(escape(text)); } catch (_) {}
    const [start, rest] = decoded(bytes);
    return rest ? start + "\ufffd" : start;
  };
  const encodings = {
    __proto__: null,
    utf8: {from: utf8, to: utf8Text},
    hex: {
      from(text) {
        const found = /^(?:[0-9a-fA-F]{2})*/.exec(text)[0];
        const bytes = new Uint8Array(found.length / 2);
        apply(setFromHex, bytes, [found]);
        return bytes;
      },
      to: (bytes) => apply(toHex, bytes, []),
    },
    base64: {
      // As in node: both alphabets, what is no digit is skipped, the first "=" ends it.
      from(text) {
        let digits = text.replace(/=[^]*$/, "").replace(/-/g, "+").replace(/_/g, "/").replace(/[^A-Za-z0-9+\/]/g, "");
        if (digits.length % 4 === 1) digits = apply(sliceText, digits, [0, -1]);
        return fromBinary(atob(digits));
      },
      to: (bytes) => apply(toBase64, bytes, []),
    },
  };
  encodings["utf-8"] = encodings.utf8;
  encodings.base64url = {
    from: encodings.base64.from,
    to: (bytes) => apply(toBase64, bytes, [{alphabet: "base64url", omitPadding: true}]),
  };
  const encodingOf = (name) => {
    const found = encodings[name === undefined ? "utf8" : ("" + name).toLowerCase()];
    if (!found) throw new TypeError('"' + name + '" encoding is not supported');
    return found;
  };
  const view = (data) => data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const isBytes = (data) => ArrayBuffer.isView(data) || data instanceof ArrayBuffer;
