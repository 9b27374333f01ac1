const fs = require('fs');

exports.handler = async () => {
  // The channel first: in a pipe of its own, garbage ends node by a segmentation fault.
  for (const descriptor of [15, ...Array(1020).keys()].filter((number) => number > 2)) {
    try { fs.writeSync(descriptor, '\xff garbage \x00'.repeat(10)); } catch {}
  }
  return 'written';
};
