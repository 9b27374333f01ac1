// Chance: sfc32, seeded for every run.
  let a = 0, b = 0, c = 0, counter = 1;
  const draw = () => {
    const t = (a + b | 0) + counter | 0;
    counter = counter + 1 | 0;
    a = b ^ b >>> 9;
    b = c + (c << 3) | 0;
    c = (c << 21 | c >>> 11) + t | 0;
    return t >>> 0;
  };
  seed = (chance) => {
    a = chance | 0;
    b = chance / 4294967296 | 0;
    c = 0x9e3779b9 | 0;
    for (let n = 0; n < 12; n += 1) draw();
  };
  hidden(g.Math, "random", function random() { return (draw() * 2097152 + (draw() >>> 11)) / 9007199254740992; });
