// From before let and const: query parameters become a header.
function handler(event) {
    var request = event.request;
    var names = Object.keys(request.querystring).filter(function (name) {
        return name.indexOf('utm_') !== 0;
    });
    request.headers['x-parameters'] = {value: names.join(',') || 'none', multiValue: undefined};
    return request;
}
