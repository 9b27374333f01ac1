import path from 'path';

export const handler = async () => ({ module: path.basename(import.meta.url) === 'index.js' });
