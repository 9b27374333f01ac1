// The global `Buffer` and require('buffer').
  hidden(g, "Buffer", makeBuffer());
  modules.buffer = once(() => ({Buffer: makeBuffer()}));
