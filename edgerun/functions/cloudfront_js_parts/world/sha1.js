// SHA-1 (FIPS 180-4).
  algorithms.sha1 = (bytes) => {
    const m = words(bytes, false), w = new g.Int32Array(80);
    const h = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0];
    for (let block = 0; block < m.length; block += 16) {
      let [a, b, c, d, e] = h;
      for (let n = 0; n < 80; n += 1) {
        if (n < 16) w[n] = m[block + n];
        else { const x = w[n - 3] ^ w[n - 8] ^ w[n - 14] ^ w[n - 16]; w[n] = x << 1 | x >>> 31; }
        const f = n < 20 ? (d ^ b & (c ^ d)) + 0x5a827999
          : n < 40 ? (b ^ c ^ d) + 0x6ed9eba1
          : n < 60 ? (b & c | d & (b | c)) + 0x8f1bbcdc
          : (b ^ c ^ d) + 0xca62c1d6;
        const t = (a << 5 | a >>> 27) + f + e + w[n] | 0;
        e = d;
        d = c;
        c = b << 30 | b >>> 2;
        b = a;
        a = t;
      }
      h[0] = h[0] + a | 0;
      h[1] = h[1] + b | 0;
      h[2] = h[2] + c | 0;
      h[3] = h[3] + d | 0;
      h[4] = h[4] + e | 0;
    }
    return digest(h, false);
  };
