// Tell browsers how long to keep what the origin says nothing about.
async function handler(event) {
    const response = event.response;
    if (!response.headers['cache-control']) {
        response.headers['cache-control'] = {value: 'public, max-age=63072000'};
    }
    return response;
}
