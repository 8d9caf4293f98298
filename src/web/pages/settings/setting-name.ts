import type { Text } from '../../text/en.ts';

/** What people call a setting; a key of the tenant's own is its own name. */
export function nameOfSetting(key: string, text: Text): string {
  return text.settings.names[key] ?? key;
}
