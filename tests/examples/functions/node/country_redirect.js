// Send viewers to the site of their country. At origin-request, CloudFront-Viewer-Country in the cache policy.
'use strict';

const DEFAULT = 'https://example.com/';
const SITES = { TW: 'https://tw.example.com/', US: 'https://us.example.com/' };

exports.handler = async (event) => {
  const { headers } = event.Records[0].cf.request;
  const country = headers['cloudfront-viewer-country']?.[0].value;
  return {
    status: '302',
    statusDescription: 'Found',
    headers: { location: [{ key: 'Location', value: SITES[country] ?? DEFAULT }] },
  };
};
