import { readFileSync } from 'fs';

await Promise.resolve();
export const handler = async (event) => ({ event, size: readFileSync('module.mjs').length > 0 });
