// Does what each event says, and keeps account of it.
const fs = require('fs');

exports.handler = async (event) => {
  if (event.book) fs.appendFileSync(event.book, `${event.number}\n`);
  if (event.do === 'print') console.log('printed by', event.number);
  if (event.do === 'sleep') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, event.seconds * 1000);
  if (event.do === 'exit') process.exit(3);
  while (event.do === 'wait' && !fs.existsSync(event.gate)) await new Promise((done) => setTimeout(done, 2));
  return [event.number, process.pid];
};
