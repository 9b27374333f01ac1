// Move the traffic from one bucket to another, so many requests in a hundred. At origin-request.
'use strict';

const BLUE = 'blue-bucket.s3.amazonaws.com';
const BLUE_PERCENT = 80;

exports.handler = async (event) => {
  const { request } = event.Records[0].cf;
  if (1 + Math.floor(Math.random() * 100) <= BLUE_PERCENT) {
    request.origin.s3.domainName = BLUE;
    request.headers.host = [{ key: 'host', value: BLUE }];
  }
  return request;
};
