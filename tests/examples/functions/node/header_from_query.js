// Move the parameter `auth` from the query string into a header. At viewer-request or origin-request.
// Without the parameter it fails, as the guide's does: a header without a value here, a KeyError in Python.
'use strict';

const { parse, stringify } = require('querystring');

exports.handler = async (event) => {
  const request = event.Records[0].cf.request;
  const { auth, ...others } = parse(request.querystring);
  request.headers['auth-header'] = [{ key: 'Auth-Header', value: auth }];
  request.querystring = stringify(others);
  return request;
};
