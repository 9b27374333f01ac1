// Send viewers elsewhere when the origin answers an error. At origin-response.
'use strict';

exports.handler = async (event) => {
  const { request, response } = event.Records[0].cf;
  if (response.status >= 400 && response.status <= 599) {
    response.status = 302;
    response.statusDescription = 'Found';
    response.body = '';
    const location = `/plan-b/path?${request.querystring}`;
    response.headers.location = [{ key: 'Location', value: location }];
  }
  return response;
};
