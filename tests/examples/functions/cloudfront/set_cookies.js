// A cookie on the way out, beside those of the origin.
function handler(event) {
    var response = event.response;
    response.cookies['seen'] = {value: '1', attributes: 'Path=/; Secure; HttpOnly'};
    return response;
}
