// Send viewers without a session to the sign-in page. At viewer-request.
// Kept from the guide's version: only the first Cookie line counts; a cookie without `=` is a TypeError.
'use strict';

const SIGN_IN = 'https://www.example.com/signin?redirect_url=';

exports.handler = (event, context, callback) => {
  const { request } = event.Records[0].cf;
  const { headers } = request;
  if (cookiesOf(headers)['session-id']) {
    callback(null, request);
    return;
  }
  const wanted = `https://${headers.host[0].value}${request.uri}?${request.querystring}`;
  const location = SIGN_IN + encodeURIComponent(wanted);
  callback(null, {
    status: '302',
    statusDescription: 'Found',
    headers: { location: [{ key: 'Location', value: location }] },
  });
};

function cookiesOf(headers) {
  const cookies = {};
  if (headers.cookie) {
    for (const pair of headers.cookie[0].value.split(';')) {
      const parts = pair.split('=');
      cookies[parts[0].trim()] = parts[1].trim();
    }
  }
  return cookies;
}
