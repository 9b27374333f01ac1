exports.handler = async (event) => {
  const request = event.Records[0].cf.request;
  request.headers['x-variant'] = [{ key: 'X-Variant', value: 'a' }];
  return request;
};
