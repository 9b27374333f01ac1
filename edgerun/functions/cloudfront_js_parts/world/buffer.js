// Buffer, as njs has it: a Uint8Array with node's methods. `Bytes` makes them; `Buffer` itself cannot be called with `new`.
  const makeBuffer = once(() => {
    const need = (value, name) => {
      if (typeof value !== "number") throw new TypeError('"' + name + '" argument must be of type number');
      return value;
    };
    const clamp = (value, size, otherwise) => {
      const at = value === undefined ? otherwise : Math.trunc(Number(value)) || 0;
      return Math.min(at < 0 ? Math.max(size + at, 0) : at, size);
    };
    class Bytes extends Uint8Array {}
    const own = (data, start, end) => new Bytes(data.buffer, data.byteOffset + start, Math.max(end - start, 0));
    const whole = (data) => own(data, 0, data.byteLength);
    const copied = (data) => { const made = new Bytes(data.length); apply(setBytes, made, [data]); return made; };
    const other = (data, name) => {
      if (!(data instanceof Uint8Array)) throw new TypeError('"' + name + '" argument must be a Buffer or Uint8Array');
      return data;
    };
    const compared = (one, two) => {
      const size = Math.min(one.length, two.length);
      for (let n = 0; n < size; n += 1) if (one[n] !== two[n]) return one[n] < two[n] ? -1 : 1;
      return one.length === two.length ? 0 : one.length < two.length ? -1 : 1;
    };
    const {subarray: part} = Uint8Array.prototype;

    const Buffer = {Buffer(value, encoding, length) { return statics.from(value, encoding, length); }}.Buffer;
    const statics = {
      alloc(size, fill, encoding) {
        if (need(size, "size") < 0) throw new RangeError("invalid size");
        const made = new Bytes(size);
        return fill === undefined ? made : made.fill(fill, encoding);
      },
      allocUnsafe(size) { return statics.alloc(size); },
      byteLength(value, encoding) {
        if (typeof value === "string") return encodingOf(encoding).from(value).length;
        if (!isBytes(value)) throw new TypeError("first argument is not a string or Buffer-like object");
        return value.byteLength;
      },
      compare(one, two) { return compared(other(one, "buf1"), other(two, "buf2")); },
      concat(list, total) {
        if (!isArray(list)) throw new TypeError('"list" argument must be an instance of Array');
        let size = 0;
        for (let n = 0; n < list.length; n += 1) size += other(list[n], "list[" + n + "]").length;
        const made = new Bytes(total === undefined ? size : need(total, "totalLength"));
        let at = 0;
        for (let n = 0; n < list.length && at < made.length; n += 1) {
          const piece = apply(part, list[n], [0, made.length - at]);
          apply(setBytes, made, [piece, at]);
          at += piece.length;
        }
        return made;
      },
      from(value, encoding, length) {
        if (typeof value === "string") return whole(encodingOf(encoding).from(value));
        if (value instanceof ArrayBuffer) return new Bytes(value, encoding, length);
        if (value instanceof Uint8Array) return copied(value);
        if (typeof value === "object" && value !== null) {
          if (value.type === "Buffer" && isArray(value.data)) return copied(new Uint8Array(value.data));
          const primitive = typeof value.valueOf === "function" ? value.valueOf() : value;
          if (primitive !== value && primitive !== null && primitive !== undefined) return statics.from(primitive, encoding);
          if (isArray(value) || "length" in value) return copied(Uint8Array.from({...value, length: value.length}));
        }
        throw new TypeError("first argument is not a string or Buffer-like object");
      },
      isBuffer(value) { return value instanceof Bytes; },
      isEncoding(name) { return typeof name === "string" && name.toLowerCase() in encodings; },
    };
    methods(Buffer, statics);
    const prototype = {
      equals(target) { return compared(this, other(target, "buffer")) === 0; },
      slice(start, end) { return this.subarray(start, end); },
      subarray(start, end) { return own(this, clamp(start, this.length, 0), clamp(end, this.length, this.length)); },
      toJSON() { return {type: "Buffer", data: Array.prototype.slice.call(this)}; },
      toString(encoding, start, end) {
        const from = clamp(start, this.length, 0);
        return encodingOf(encoding).to(new Uint8Array(this.buffer, this.byteOffset + from,
          Math.max(clamp(end, this.length, this.length) - from, 0)));
      },
    };
    MORE
    methods(Bytes.prototype, prototype);
    hidden(Bytes.prototype, "constructor", Buffer);
    defineProperty(Bytes, "name", {value: "Buffer"});
    defineProperty(Buffer, "prototype", {value: Bytes.prototype, writable: false});
    defineProperty(Buffer, Symbol.species, {value: Bytes});
    return Buffer;
  });
