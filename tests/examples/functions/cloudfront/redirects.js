// Short addresses from the key-value store; what is not there goes on as it is.
import cf from 'cloudfront';

async function handler(event) {
    const request = event.request;
    const kvs = cf.kvs();
    const key = request.uri.slice(1);
    if (await kvs.exists(key)) {
        const found = await kvs.get(key, {format: 'json'});
        return {statusCode: found.permanent ? 301 : 302, headers: {location: {value: found.to}}};
    }
    return request;
}
