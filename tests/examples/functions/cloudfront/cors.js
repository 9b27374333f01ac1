// A CORS header where the origin sent none and the browser asks from elsewhere.
function handler(event) {
    var request = event.request;
    var response = event.response;
    if (request.headers.origin && !response.headers['access-control-allow-origin']) {
        response.headers['access-control-allow-origin'] = {value: request.headers.origin.value};
    }
    return response;
}
