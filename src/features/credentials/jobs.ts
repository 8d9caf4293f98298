import type { Log } from '../../log.ts';
import { type RotationDeps, rotateSecrets } from './rotation.ts';

/** Seals anew what an earlier AVA_SECRET_KEY had sealed, and says how many there were. */
export async function rotateKeys(deps: RotationDeps & { log: Log }): Promise<void> {
  const count = await rotateSecrets(deps);
  if (count > 0) deps.log.info({ secrets: count }, 'Stored secrets were sealed anew with the current AVA_SECRET_KEY');
}
