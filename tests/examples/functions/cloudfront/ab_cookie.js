// Two variants of the home page; the cookie keeps a viewer in a group.
function handler(event) {
    var request = event.request;
    if (request.uri === '/') {
        var group = request.cookies['X-Group'] ? request.cookies['X-Group'].value : Math.random() < 0.5 ? 'A' : 'B';
        request.uri = group === 'B' ? '/b/index.html' : '/index.html';
    }
    return request;
}
