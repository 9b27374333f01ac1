// Tell the viewer when the object was really changed: a bucket's metadata over its header.
// At origin-response or viewer-response.
'use strict';

const SOURCE = 'x-amz-meta-last-modified';

exports.handler = (event, context, callback) => {
  const { response } = event.Records[0].cf;
  const { headers } = response;
  if (headers[SOURCE]) {
    headers['last-modified'] = [{ key: 'Last-Modified', value: headers[SOURCE][0].value }];
  }
  callback(null, response);
};
