// A/B test of one picture. At viewer-request.
'use strict';

const TESTED = '/experiment-pixel.jpg';
const CONTROL = '/experiment-group/control-pixel.jpg';
const TREATMENT = '/experiment-group/treatment-pixel.jpg';
const CONTROL_SHARE = 0.75;

exports.handler = async (event) => {
  const request = event.Records[0].cf.request;
  if (request.uri === TESTED) request.uri = groupOf(request.headers.cookie || []);
  return request;
};

function groupOf(cookieLines) {
  for (const { value } of cookieLines) {
    if (value.includes('X-Experiment-Name=A')) return CONTROL;
    if (value.includes('X-Experiment-Name=B')) return TREATMENT;
  }
  return Math.random() < CONTROL_SHARE ? CONTROL : TREATMENT;
}
