// What the digests have in common.
  const words = (bytes, little) => {
    const size = (bytes.length + 9 + 63 >> 6) << 6;
    const padded = new Uint8Array(size);
    apply(setBytes, padded, [bytes]);
    padded[bytes.length] = 0x80;
    const data = new DataView(padded.buffer);
    data.setUint32(size - (little ? 8 : 4), bytes.length << 3, little);
    data.setUint32(size - (little ? 4 : 8), bytes.length / 0x20000000 | 0, little);
    const made = new g.Uint32Array(size >> 2);
    for (let n = 0; n < made.length; n += 1) made[n] = data.getUint32(n << 2, little);
    return made;
  };
  const digest = (hash, little) => {
    const data = new DataView(new ArrayBuffer(hash.length << 2));
    for (let n = 0; n < hash.length; n += 1) data.setUint32(n << 2, hash[n], little);
    return new Uint8Array(data.buffer);
  };
  const table = (hex) => { const bytes = new Uint8Array(hex.length / 2); apply(setFromHex, bytes, [hex]); return new g.Int32Array(bytes.buffer); };
  const algorithms = {__proto__: null};
