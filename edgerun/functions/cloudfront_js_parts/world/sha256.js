// SHA-256 (FIPS 180-4); the table is its constants, four bytes each, little-endian.
  const start = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19].map((word) => word | 0);
  const k = table(
    "982f8a4291443771cffbc0b5a5dbb5e95bc25639f111f159a4823f92d55e1cab98aa07d8015b8312be853124c37d0c55" +
    "745dbe72feb1de80a706dc9b74f19bc1c1699be48647beefc69dc10fcca10c246f2ce92daa84744adca9b05cda88f976" +
    "52513e986dc631a8c82703b0c77f59bff30be0c64791a7d55163ca0667292914850ab72738211b2efc6d2c4d130d3853" +
    "54730a65bb0a6a762ec9c281852c7292a1e8bfa24b661aa8708b4bc2a3516cc719e892d1240699d685350ef470a06a10" +
    "16c1a419086c371e4c774827b5bcb034b30c1c394aaad84e4fca9c5bf36f2e68ee828f746f63a5781478c8840802c78c" +
    "faffbe90eb6c50a4f7a3f9bef27871c6"
  );
  algorithms.sha256 = (bytes) => {
    const m = words(bytes, false), w = new g.Int32Array(64), s = start.slice();
    for (let block = 0; block < m.length; block += 16) {
      let [a, b, c, d, e, f, h, i] = s;
      for (let n = 0; n < 64; n += 1) {
        if (n < 16) w[n] = m[block + n];
        else {
          const x = w[n - 15], y = w[n - 2];
          w[n] = w[n - 16] + w[n - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3)
            + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
        }
        const t = i + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (h ^ e & (f ^ h))
          + k[n] + w[n] | 0;
        const u = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b | c & (a | b)) | 0;
        i = h;
        h = f;
        f = e;
        e = d + t | 0;
        d = c;
        c = b;
        b = a;
        a = t + u | 0;
      }
      s[0] = s[0] + a | 0;
      s[1] = s[1] + b | 0;
      s[2] = s[2] + c | 0;
      s[3] = s[3] + d | 0;
      s[4] = s[4] + e | 0;
      s[5] = s[5] + f | 0;
      s[6] = s[6] + h | 0;
      s[7] = s[7] + i | 0;
    }
    return digest(s, false);
  };
