// What of Buffer's methods fewer functions use.
    const {pow, floor} = Math;
    // What is looked for, or filled with: a text, a byte, or bytes.
    const pattern = (value, encoding) => {
      if (typeof value === "string") return encodingOf(encoding).from(value);
      if (typeof value === "number") return new Uint8Array([value]);
      return other(value, "value");
    };
    const find = (data, value, from, encoding, step) => {
      const given = typeof from === "string" ? undefined : from;
      const wanted = pattern(value, typeof from === "string" ? from : encoding);
      const last = data.length - wanted.length;
      let at = given === undefined ? (step > 0 ? 0 : last) : Math.trunc(Number(given));
      if (at !== at) at = step > 0 ? 0 : last;
      if (at < 0) at += data.length;
      if (step > 0) at = Math.max(at, 0);
      else at = Math.min(at, last);
      for (; at >= 0 && at <= last; at += step) {
        let n = 0;
        while (n < wanted.length && data[at + n] === wanted[n]) n += 1;
        if (n === wanted.length) return at;
      }
      return -1;
    };
    const swapped = (data, size) => {
      if (data.length % size) throw new RangeError("Buffer size must be a multiple of " + size * 8 + "-bits");
      for (let at = 0; at < data.length; at += size) data.subarray(at, at + size).reverse();
      return data;
    };
    const fits = (data, offset, size) => {
      const at = offset === undefined ? 0 : need(offset, "offset");
      if (!(at >= 0 && at + size <= data.length)) throw new RangeError("index " + at + " is outside the bound of the buffer");
      return at;
    };
    const sized = (size) => {
      if (!(size >= 1 && size <= 6)) throw new RangeError("\"byteLength\" must be >= 1 and <= 6");
      return size;
    };
    const readInt = (data, offset, size, little, signed) => {
      const at = fits(data, offset, sized(size));
      let value = 0;
      for (let n = 0; n < size; n += 1) value = value * 256 + data[little ? at + size - 1 - n : at + n];
      return signed && value >= pow(2, size * 8 - 1) ? value - pow(2, size * 8) : value;
    };
    const writeInt = (data, value, offset, size, little) => {
      const at = fits(data, offset, sized(size));
      let rest = Math.trunc(Number(value)) || 0;
      for (let n = 0; n < size; n += 1) {
        const byte = rest - floor(rest / 256) * 256;
        data[little ? at + n : at + size - 1 - n] = byte;
        rest = floor(rest / 256);
      }
      return at + size;
    };
    Object.assign(prototype, {
      compare(target, targetStart, targetEnd, start, end) {
        const theirs = other(target, "target");
        const from = clamp(targetStart, theirs.length, 0), mine = clamp(start, this.length, 0);
        return compared(
          apply(part, this, [mine, clamp(end, this.length, this.length)]),
          apply(part, theirs, [from, clamp(targetEnd, theirs.length, theirs.length)]),
        );
      },
      copy(target, targetStart, start, end) {
        const at = clamp(targetStart, other(target, "target").length, 0), from = clamp(start, this.length, 0);
        const size = Math.min(clamp(end, this.length, this.length) - from, target.length - at);
        if (size <= 0) return 0;
        apply(setBytes, target, [apply(part, this, [from, from + size]), at]);
        return size;
      },
      fill(value, offset, end, encoding) {
        const from = typeof offset === "string" ? 0 : clamp(offset, this.length, 0);
        const to = typeof offset === "string" || typeof end === "string" ? this.length : clamp(end, this.length, this.length);
        const name = typeof offset === "string" ? offset : typeof end === "string" ? end : encoding;
        const wanted = typeof value === "object" || typeof value === "string" ? pattern(value, name) : [Number(value) & 255];
        if (!wanted.length && typeof value !== "string") throw new TypeError("value is empty");
        for (let at = from, n = 0; at < to; at += 1, n += 1) this[at] = wanted.length ? wanted[n % wanted.length] : 0;
        return this;
      },
      includes(value, from, encoding) { return find(this, value, from, encoding, 1) >= 0; },
      indexOf(value, from, encoding) { return find(this, value, from, encoding, 1); },
      lastIndexOf(value, from, encoding) { return find(this, value, from, encoding, -1); },
      swap16() { return swapped(this, 2); },
      swap32() { return swapped(this, 4); },
      swap64() { return swapped(this, 8); },
      write(text, offset, length, encoding) {
        if (typeof text !== "string") throw new TypeError("first argument must be a string");
        const name = typeof offset === "string" ? offset : typeof length === "string" ? length : encoding;
        const at = typeof offset === "string" || offset === undefined ? 0 : fits(this, offset, 0);
        const room = typeof length === "number" ? Math.min(length, this.length - at) : this.length - at;
        let bytes = encodingOf(name).from(text);
        if (bytes.length > room) {
          bytes = apply(part, bytes, [0, room]);
          const unfinished = encodingOf(name) === encodings.utf8 ? decoded(bytes)[1] : 0;
          bytes = apply(part, bytes, [0, room - unfinished]);
        }
        apply(setBytes, this, [bytes, at]);
        return bytes.length;
      },
    });
    for (const [suffix, little] of [["LE", true], ["BE", false]]) {
      for (const [sign, signed] of [["Int", true], ["UInt", false]]) {
        prototype["read" + sign + suffix] = function (offset, size) { return readInt(this, offset, size, little, signed); };
        prototype["write" + sign + suffix] = function (value, offset, size) {
          return writeInt(this, value, offset, size, little);
        };
        for (const bits of [16, 32]) {
          prototype["read" + sign + bits + suffix] = function (offset) {
            return readInt(this, offset, bits / 8, little, signed);
          };
          prototype["write" + sign + bits + suffix] = function (value, offset) {
            return writeInt(this, value, offset, bits / 8, little);
          };
        }
      }
      for (const [name, method, size] of [["Float", "Float32", 4], ["Double", "Float64", 8]]) {
        prototype["read" + name + suffix] = function (offset) {
          return new DataView(this.buffer, this.byteOffset)["get" + method](fits(this, offset, size), little);
        };
        prototype["write" + name + suffix] = function (value, offset) {
          const at = fits(this, offset, size);
          new DataView(this.buffer, this.byteOffset)["set" + method](at, value, little);
          return at + size;
        };
      }
    }
    for (const [sign, signed] of [["Int", true], ["UInt", false]]) {
      prototype["read" + sign + "8"] = function (offset) { return readInt(this, offset, 1, true, signed); };
      prototype["write" + sign + "8"] = function (value, offset) { return writeInt(this, value, offset, 1, true); };
    }
    for (const name of keys(prototype)) defineProperty(prototype[name], "name", {value: name});
