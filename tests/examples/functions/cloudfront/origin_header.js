// An Origin header for requests that have none, so that the origin answers with its CORS headers.
function handler(event) {
    var headers = event.request.headers;
    if (!headers.origin) {
        headers.origin = {value: 'https://' + headers.host.value};
    }
    return event.request;
}
