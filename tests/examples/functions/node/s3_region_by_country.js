// Take objects from the bucket nearest to the viewer's country. At origin-request.
'use strict';

const REGIONS = {
  DE: 'eu-central-1',
  IE: 'eu-west-1',
  GB: 'eu-west-2',
  FR: 'eu-west-3',
  JP: 'ap-northeast-1',
  IN: 'ap-south-1',
};

exports.handler = async (event) => {
  const { request } = event.Records[0].cf;
  const region = REGIONS[request.headers['cloudfront-viewer-country']?.[0].value];
  if (region) {
    const bucket = `my-bucket-in-${region}.s3.amazonaws.com`;
    request.origin.s3.region = region;
    request.origin.s3.domainName = bucket;
    request.headers.host = [{ key: 'host', value: bucket }];
  }
  return request;
};
