Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000);
exports.handler = async () => 'imported';
