// Ask a server instead of the bucket when the query says so. At origin-request.
'use strict';

const { parse } = require('querystring');

const SERVER = 'www.example.com';

exports.handler = (event, context, callback) => {
  const { request } = event.Records[0].cf;
  if (parse(request.querystring).useCustomOrigin === 'true') {
    request.origin = {
      custom: {
        domainName: SERVER,
        port: 443,
        protocol: 'https',
        path: '',
        sslProtocols: ['TLSv1', 'TLSv1.1'],
        readTimeout: 5,
        keepaliveTimeout: 5,
        customHeaders: {},
      },
    };
    request.headers.host = [{ key: 'host', value: SERVER }];
  }
  callback(null, request);
};
