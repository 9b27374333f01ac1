// Ask the server that stands nearer to some countries. At origin-request.
'use strict';

const NEARER = 'eu.example.com';
const COUNTRIES = ['GB', 'DE', 'IE'];

exports.handler = async (event) => {
  const { request } = event.Records[0].cf;
  if (COUNTRIES.includes(request.headers['cloudfront-viewer-country']?.[0].value)) {
    request.origin.custom.domainName = NEARER;
    request.headers.host = [{ key: 'host', value: NEARER }];
  }
  return request;
};
