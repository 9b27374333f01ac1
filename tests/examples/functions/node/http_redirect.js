// Send every viewer elsewhere. At viewer-request or origin-request.
'use strict';

const ELSEWHERE = 'https://docs.example.com/moved.html';

exports.handler = (event, context, callback) => {
  callback(null, {
    status: '302',
    statusDescription: 'Found',
    headers: { location: [{ key: 'Location', value: ELSEWHERE }] },
  });
};
