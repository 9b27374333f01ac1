// Add a field to what a viewer entered. At viewer-request or origin-request with Include Body.
// A space is written as `%20`; Python writes `+`.
'use strict';

const { parse, stringify } = require('querystring');

exports.handler = (event, context, callback) => {
  const { request } = event.Records[0].cf;
  if (request.method === 'POST') {
    const { body } = request;
    const form = parse(Buffer.from(body.data, 'base64').toString());
    form['new-param-name'] = 'new-param-value';
    body.action = 'replace';
    body.encoding = 'text';
    body.data = stringify(form);
  }
  callback(null, request);
};
