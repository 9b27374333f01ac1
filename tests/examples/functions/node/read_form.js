// Print what a viewer entered. At viewer-request or origin-request with Include Body.
'use strict';

const { parse } = require('querystring');

exports.handler = (event, context, callback) => {
  const { request } = event.Records[0].cf;
  if (request.method === 'POST') {
    const form = parse(Buffer.from(request.body.data, 'base64').toString());
    for (const name of Object.keys(form)) console.log(`entered ${name}: ${form[name]}`);
  }
  callback(null, request);
};
