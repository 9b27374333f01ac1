exports.handler = (event, context, callback) => { setInterval(() => {}, 10); };
