// The viewer's address in a header of its own.
function handler(event) {
    event.request.headers['true-client-ip'] = {value: event.viewer.ip};
    return event.request;
}
