// A worker that answers from miniflare's cache and fetches what is not there: `node miniflare.mjs PORT ORIGIN-PORT`.
import { Miniflare } from 'miniflare';

const [port, origin] = process.argv.slice(2);
const script = `export default {
  async fetch(request, env, context) {
    const known = await caches.default.match(request);
    if (known) return known;
    const url = new URL(request.url);
    const response = await fetch('http://127.0.0.1:${origin}' + url.pathname + url.search);
    context.waitUntil(caches.default.put(request, response.clone()));
    return response;
  }
}`;
const miniflare = new Miniflare({ modules: true, script, port: Number(port), host: '127.0.0.1', compatibilityDate: '2025-01-01' });
await miniflare.ready;
