/** A process that holds the embedded database of a folder until it is killed; it says the URL on stdout. */
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';

const [dataDir = ''] = process.argv.slice(2);
const silent = { info: () => {}, warn: () => {} };
const embedded = await startEmbeddedPostgres({ dataDir, log: silent });
process.stdout.write(`${JSON.stringify({ url: embedded.url, where: embedded.where, pid: embedded.pid() })}\n`);
process.on('SIGTERM', () => void embedded.stop().then(() => process.exit(0)));
setInterval(() => {}, 60_000);
