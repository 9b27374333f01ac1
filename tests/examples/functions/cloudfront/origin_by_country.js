// Another origin for some countries, with its own path; everybody else gets the behavior's.
import cf from 'cloudfront';

const regions = {DE: 'eu.example.com', FR: 'eu.example.com'};

function handler(event) {
    const request = event.request;
    const country = request.headers['cloudfront-viewer-country'];
    const domainName = country && regions[country.value];
    if (domainName) {
        cf.updateRequestOrigin({
            domainName: domainName,
            originPath: '/eu',
            timeouts: {readTimeout: 30, connectionTimeout: 5},
            customHeaders: {'x-region': 'eu'},
        });
    }
    return request;
}
