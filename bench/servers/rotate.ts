/** Seals anew what the previous key had sealed, until it is done or killed. */
import { connectDatabase } from '../../src/db/connect.ts';
import { rotateSecrets } from '../../src/features/credentials/rotation.ts';
import { createVault } from '../../src/features/credentials/vault.ts';

const { DATABASE_URL: url, KEY: secretKey, KEY_PREVIOUS: secretKeyPrevious } = process.env;
const db = connectDatabase({ url: url!, applicationName: 'rotate', role: 'ava_app', maxConnections: 4 });
process.send?.('begins');
const done = await rotateSecrets({ db, vault: createVault({ secretKey: secretKey!, secretKeyPrevious }) });
process.send?.({ done });
await db.close();
process.disconnect?.();
