// Answer without an origin. At viewer-request or origin-request.

const PAGE = `<!doctype html>
<html lang="en">
<title>No origin was asked</title>
<p>Hello from Lambda@Edge!</p>
</html>
`;

export const handler = async () => ({
  status: '200',
  statusDescription: 'OK',
  headers: {
    'cache-control': [{ key: 'Cache-Control', value: 'max-age=100' }],
    'content-type': [{ key: 'Content-Type', value: 'text/html' }],
  },
  body: PAGE,
});
