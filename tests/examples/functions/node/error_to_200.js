// Turn every error of the origin into a page. At origin-response.
// The origin's headers stay, its Content-Length among them.
'use strict';

exports.handler = (event, context, callback) => {
  const { response } = event.Records[0].cf;
  if (response.status >= 400 && response.status <= 599) {
    response.status = 200;
    response.statusDescription = 'OK';
    response.body = 'Body generation example';
  }
  callback(null, response);
};
