// MD5 (RFC 1321); the table is its sines, four bytes each, little-endian.
  const md5Turns = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
  const sines = table(
    "78a46ad756b7c7e8db702024eecebdc1af0f7cf52ac68747134630a8019546fdd8988069aff7448bb15bffffbed75c89" +
    "2211906b937198fd8e4379a62108b44962251ef640b340c0515a5e26aac7b6e95d102fd65314440281e6a1d8c8fbd3e7" +
    "e6cde121d60737c3870dd5f4ed145a4505e9e3a9f8a3effcd9026f678a4c2a8d4239faff81f6718722619d6d0c38e5fd" +
    "44eabea4a9cfde4b604bbbf670bcbfbec67e9b28fa27a1ea8530efd4051d880439d0d4d9e599dbe6f87ca21f6556acc4" +
    "442229f497ff2a43a72394ab39a093fcc3595b6592cc0c8f7df4efffd15d84854f7ea86fe0e62cfe144301a3a111084e" +
    "827e53f735f23abdbbd2d72a91d386eb"
  );
  algorithms.md5 = (bytes) => {
    const m = words(bytes, true);
    let a = 0x67452301, b = 0xefcdab89 | 0, c = 0x98badcfe | 0, d = 0x10325476;
    for (let block = 0; block < m.length; block += 16) {
      const a0 = a, b0 = b, c0 = c, d0 = d;
      for (let n = 0; n < 64; n += 1) {
        let f, at;
        if (n < 16) { f = d ^ b & (c ^ d); at = n; }
        else if (n < 32) { f = c ^ d & (b ^ c); at = 5 * n + 1 & 15; }
        else if (n < 48) { f = b ^ c ^ d; at = 3 * n + 5 & 15; }
        else { f = c ^ (b | ~d); at = 7 * n & 15; }
        const sum = a + f + sines[n] + m[block + at] | 0;
        const turn = md5Turns[n >> 4 << 2 | n & 3];
        a = d;
        d = c;
        c = b;
        b = b + (sum << turn | sum >>> 32 - turn) | 0;
      }
      a = a + a0 | 0;
      b = b + b0 | 0;
      c = c + c0 | 0;
      d = d + d0 | 0;
    }
    return digest([a, b, c, d], true);
  };
