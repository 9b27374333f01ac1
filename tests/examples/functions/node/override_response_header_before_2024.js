// The same as the guide had it for years: the element is copied whole, so that its key names the other header.
'use strict';

const SOURCE = 'x-amz-meta-last-modified';

exports.handler = (event, context, callback) => {
  const { response } = event.Records[0].cf;
  const { headers } = response;
  if (headers[SOURCE]) headers['last-modified'] = [headers[SOURCE][0]];
  callback(null, response);
};
