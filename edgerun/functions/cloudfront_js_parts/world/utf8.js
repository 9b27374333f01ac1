// Bytes that may be no UTF-8, as the Encoding standard reads them.
(function (g) {
  "use strict";
  const {fromCharCode, fromCodePoint} = g.String;
  // Table 3-7 of the Unicode standard: what may follow a first byte; each broken piece becomes one U+FFFD.
  const trailing = (first) => first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
  const fits = (first, second) => {
    if (first === 0xe0) return second >= 0xa0 && second < 0xc0;
    if (first === 0xed) return second >= 0x80 && second < 0xa0;
    if (first === 0xf0) return second >= 0x90 && second < 0xc0;
    if (first === 0xf4) return second >= 0x80 && second < 0x90;
    return second >= 0x80 && second < 0xc0;
  };
  // Returns [text, number of bytes of an unfinished character at the end, whether anything was broken].
  return (bytes) => {
    let text = "", broken = false, at = 0;
    const end = bytes.length;
    while (at < end) {
      const first = bytes[at];
      if (first < 0x80) { text += fromCharCode(first); at += 1; continue; }
      const more = trailing(first);
      let have = 0, code = first & (0x3f >> more);
      while (have < more && at + have + 1 < end) {
        const next = bytes[at + have + 1];
        if (have ? next < 0x80 || next > 0xbf : !fits(first, next)) break;
        code = code << 6 | next & 0x3f;
        have += 1;
      }
      if (more >= 0 && have < more && at + have + 1 >= end) return [text, end - at, broken];
      if (have === more) text += fromCodePoint(code);
      else { text += "\ufffd"; broken = true; }
      at += 1 + have;
    }
    return [text, 0, broken];
  };
})
