let calls = 0;
exports.handler = async (event, context) => {
  calls += 1;
  console.log('hello\nfrom', event.name);
  console.error('an error');
  return { calls, pid: process.pid, event };
};
exports.raises = async () => {
  throw new TypeError('no');
};
exports.raisesText = async () => {
  throw 'text'; // eslint-disable-line
};
exports.rejectsElsewhere = () => {
  Promise.reject(new Error('unheard'));
  return new Promise(() => setInterval(() => {}, 1000));
};
exports.throwsElsewhere = () => {
  setImmediate(() => {
    throw new RangeError('outside');
  });
  return new Promise(() => setInterval(() => {}, 1000));
};
exports.never = () => new Promise(() => {});
exports.loops = async (event) => {
  console.log('before the loop');
  while (event.loop !== false);
  return 'done';
};
exports.exits = () => process.exit(5);
exports.circular = async () => {
  const value = {};
  value.value = value;
  return value;
};
exports.notFunction = 42;
exports.world = async () => ({ variables: process.env, cwd: process.cwd() });
exports.context = async (event, context) => ({ context, left: context.getRemainingTimeInMillis(), names: Object.keys(context) });
exports.descriptors = async () =>
  require('child_process').execFileSync('/bin/sh', ['-c', 'ls /proc/self/fd']).toString().split(/\s+/).filter(Boolean);
