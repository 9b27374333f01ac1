const crypto = require('crypto');

exports.handler = async (event) => {
  return { number: event.number, sum: crypto.createHash('sha256').update(event.text).digest('hex') };
};
