// require('crypto'): the digests and their HMACs.
  modules.crypto = once(() => {
    const algorithm = (name) => {
      const found = typeof name === "string" ? algorithms[name] : undefined;
      if (typeof name !== "string") throw new TypeError("algorithm must be a string");
      if (!found) throw new TypeError('not supported algorithm: "' + name + '"');
      return found;
    };
    const octets = (data, encoding) => {
      if (isBytes(data)) return view(data).slice();
      if (typeof data !== "string") throw new TypeError("data must be a string or buffer-like object");
      if (RUNTIME === 1 && byteStrings.has(data)) return fromBinary(data);
      return encodingOf(encoding).from(data);
    };
    const joined = (first, second) => {
      const bytes = new Uint8Array(first.length + second.length);
      apply(setBytes, bytes, [first]);
      apply(setBytes, bytes, [second, first.length]);
      return bytes;
    };
    const encoded = (bytes, encoding) => {
      if (encoding === undefined) return RUNTIME === 2 ? BUFFER().from(bytes.buffer) : byteString(bytes);
      const known = encoding === "hex" || encoding === "base64" || encoding === "base64url";
      if (!known) throw new TypeError('Unknown digest encoding: "' + encoding + '"');
      return encodings[encoding].to(bytes);
    };
    const running = (name, finish) => {
      let pieces = [], size = 0;
      const state = {
        update(data, encoding) {
          if (!pieces) throw new Error("Digest already called");
          const piece = octets(data, encoding);
          pieces.push(piece);
          size += piece.length;
          return this;
        },
        digest(encoding) {
          if (!pieces) throw new Error("Digest already called");
          const all = new Uint8Array(size);
          let at = 0;
          for (const piece of pieces) { apply(setBytes, all, [piece, at]); at += piece.length; }
          const made = encoded(finish(all), encoding);
          pieces = null;
          return made;
        },
      };
      const made = {};
      methods(made, state);
      defineProperty(made, Symbol.toStringTag, {value: name, configurable: true});
      return made;
    };
    return {
      createHash(name) { return running("Hash", algorithm(name)); },
      createHmac(name, secret) {
        const hash = algorithm(name);
        let key = octets(secret);
        if (key.length > 64) key = hash(key);
        const inner = new Uint8Array(64).fill(0x36), outer = new Uint8Array(64).fill(0x5c);
        for (let n = 0; n < key.length; n += 1) { inner[n] ^= key[n]; outer[n] ^= key[n]; }
        return running("Hmac", (data) => hash(joined(outer, hash(joined(inner, data)))));
      },
    };
  });
