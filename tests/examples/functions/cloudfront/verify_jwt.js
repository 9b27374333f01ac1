// A JSON web token in the query, signed with HMAC-SHA256; the key is in the key-value store.
import cf from 'cloudfront';
const crypto = require('crypto');

const store = cf.kvs();
const refused = {statusCode: 401, statusDescription: 'Unauthorized'};

function payloadOf(token, key) {
    const parts = token.split('.');
    if (parts.length !== 3) {
        throw new Error('not three segments');
    }
    const signed = crypto.createHmac('sha256', key).update(parts[0] + '.' + parts[1]).digest('base64url');
    if (signed.length !== parts[2].length) {
        throw new Error('signature of another length');
    }
    let differences = 0;
    for (let n = 0; n < signed.length; n++) {
        differences |= signed.charCodeAt(n) ^ parts[2].charCodeAt(n);
    }
    if (differences !== 0) {
        throw new Error('signature differs');
    }
    const payload = JSON.parse(Buffer.from(parts[1], 'base64url').toString());
    if (payload.exp && Date.now() > payload.exp * 1000) {
        throw new Error('expired');
    }
    return payload;
}

async function handler(event) {
    const request = event.request;
    if (!request.querystring.jwt) {
        return refused;
    }
    try {
        payloadOf(request.querystring.jwt.value, await store.get('jwt.secret'));
    } catch (error) {
        console.log('refused: ' + error.message);
        return refused;
    }
    delete request.querystring.jwt;
    return request;
}
