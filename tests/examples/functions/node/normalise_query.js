// One cache entry for queries that mean the same: lower case, sorted by name. At viewer-request.
// Parameters without a value and repeated ones are kept; Python's version drops them.
'use strict';

const { parse, stringify } = require('querystring');

exports.handler = async (event) => {
  const request = event.Records[0].cf.request;
  const parameters = parse(request.querystring.toLowerCase());
  const sorted = Object.keys(parameters).sort().map((name) => [name, parameters[name]]);
  request.querystring = stringify(Object.fromEntries(sorted));
  return request;
};
