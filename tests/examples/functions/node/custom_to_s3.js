// Take an object from a bucket instead of the server when the query says so. At origin-request.
'use strict';

const { parse } = require('querystring');

const BUCKET = 'my-bucket.s3.amazonaws.com';

exports.handler = (event, context, callback) => {
  const { request } = event.Records[0].cf;
  if (parse(request.querystring).useS3Origin === 'true') {
    request.origin = {
      s3: { domainName: BUCKET, region: '', authMethod: 'none', path: '', customHeaders: {} },
    };
    request.headers.host = [{ key: 'host', value: BUCKET }];
  }
  callback(null, request);
};
