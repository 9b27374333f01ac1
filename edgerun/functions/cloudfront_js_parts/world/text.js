// TextEncoder and TextDecoder: UTF-8 only.
  const {WeakMap} = g;
  const TextEncoder = function TextEncoder() {
    if (!new.target) throw new TypeError("Constructor of TextEncoder requires new");
  };
  methods(TextEncoder.prototype, {
    encode(text) { return text === undefined ? new Uint8Array(0) : utf8(text); },
    encodeInto(text, target) {
      if (!(target instanceof Uint8Array)) throw new TypeError("The \"dest\" argument must be an Uint8Array");
      let read = 0, written = 0;
      for (const character of "" + text) {
        const bytes = utf8(character);
        if (written + bytes.length > target.length) break;
        apply(setBytes, target, [bytes, written]);
        written += bytes.length;
        read += character.length;
      }
      return {read, written};
    },
  });
  defineProperty(TextEncoder.prototype, "encoding", {get() { return "utf-8"; }, configurable: true});
  const TextDecoder = function TextDecoder(encoding, options) {
    if (!new.target) throw new TypeError("Constructor of TextDecoder requires new");
    const name = encoding === undefined ? "utf-8" : ("" + encoding).toLowerCase();
    if (name !== "utf-8" && name !== "utf8") throw new RangeError('The "' + encoding + '" encoding is not supported');
    const fatal = !!(options && options.fatal), ignoreBOM = !!(options && options.ignoreBOM);
    let rest = new Uint8Array(0), started = false;
    decoders.set(this, {fatal, ignoreBOM, decode(data, stream) {
      const given = data === undefined ? new Uint8Array(0) : view(data);
      const bytes = new Uint8Array(rest.length + given.length);
      apply(setBytes, bytes, [rest]);
      apply(setBytes, bytes, [given, rest.length]);
      const found = decoded(bytes);
      let text = found[0], broken = found[2];
      const unfinished = found[1];
      rest = stream && unfinished ? bytes.slice(bytes.length - unfinished) : new Uint8Array(0);
      if (!stream && unfinished) { text += "\ufffd"; broken = true; }
      if (fatal && broken) throw new TypeError("The encoded data was not valid");
      if (!started && !ignoreBOM && text[0] === "\ufeff") text = apply(sliceText, text, [1]);
      started = stream && (started || text !== "" || bytes.length > unfinished);
      return text;
    }});
  };
  const decoders = new WeakMap();
  methods(TextDecoder.prototype, {
    decode(data, options) {
      if (data !== undefined && !isBytes(data)) throw new TypeError("The \"input\" argument must be a typed array");
      return decoders.get(this).decode(data, !!(options && options.stream));
    },
  });
  for (const [name, read] of [
    ["encoding", () => "utf-8"], ["fatal", (those) => those.fatal], ["ignoreBOM", (those) => those.ignoreBOM],
  ]) {
    defineProperty(TextDecoder.prototype, name, {get() { return read(decoders.get(this)); }, configurable: true});
  }
  hidden(g, "TextEncoder", TextEncoder);
  hidden(g, "TextDecoder", TextDecoder);
