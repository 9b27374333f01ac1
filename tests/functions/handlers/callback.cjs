exports.handler = (event, context, callback) => {
  setTimeout(() => console.log('after the callback'), 5);
  callback(null, { answered: event });
};
exports.impatient = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  setInterval(() => {}, 1000);
  callback(null, 'at once');
};
exports.fails = (event, context, callback) => callback(new Error('called back'));
exports.returnsOnly = () => 'ignored';
exports.succeeds = (event, context) => context.succeed('succeeded');
