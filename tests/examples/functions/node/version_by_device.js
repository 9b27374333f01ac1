// Serve each kind of device its own folder. At origin-request, the CloudFront-Is-* headers in the cache policy.
'use strict';

const FOLDERS = {
  'cloudfront-is-desktop-viewer': '/desktop',
  'cloudfront-is-mobile-viewer': '/mobile',
  'cloudfront-is-tablet-viewer': '/tablet',
  'cloudfront-is-smarttv-viewer': '/smarttv',
};

exports.handler = async (event) => {
  const { request } = event.Records[0].cf;
  const header = Object.keys(FOLDERS).find((name) => request.headers[name]?.[0].value === 'true');
  if (header) request.uri = FOLDERS[header] + request.uri;
  return request;
};
