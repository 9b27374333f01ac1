// The same parameters in any order are one cache entry: sorted by name, several values kept in their order.
function handler(event) {
    var parts = [];
    var query = event.request.querystring;
    Object.keys(query).forEach(function (name) {
        var found = query[name];
        (found.multiValue || [found]).forEach(function (each) {
            parts.push(name + '=' + each.value);
        });
    });
    event.request.querystring = parts.sort().join('&');
    return event.request;
}
