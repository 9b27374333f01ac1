// Byte strings of runtime 1.0: texts whose characters are bytes. The engine has no such kind, so those made are remembered.
  const byteStrings = new g.Set();
  const byteString = (bytes) => { const text = binary(bytes); byteStrings.add(text); return text; };
  const between = (text, start, end) => apply(sliceText, text, [start, end]);
  hidden(String, "bytesFrom", function bytesFrom(data, encoding) {
    if (isArray(data)) return byteString(new Uint8Array(data));
    if (typeof data !== "string") throw new TypeError("value must be a string or array");
    const known = encoding === "hex" || encoding === "base64" || encoding === "base64url";
    if (!known) throw new TypeError('Unknown encoding: "' + encoding + '"');
    return byteString(encodings[encoding].from(data));
  });
  methods(String.prototype, {
    toBytes(start, end) {
      const text = between("" + this, start, end);
      for (let n = 0; n < text.length; n += 1) if (text.charCodeAt(n) > 255) return null;
      byteStrings.add(text);
      return text;
    },
    fromBytes(start, end) { return between("" + this, start, end); },
    toUTF8(start, end) { return byteString(utf8(between("" + this, start, end))); },
    fromUTF8(start, end) {
      const text = between("" + this, start, end);
      try { return decodeURIComponent(escape(text)); } catch (_) { return null; }
    },
  });
  hidden(g, "MemoryError", class MemoryError extends Error {});
