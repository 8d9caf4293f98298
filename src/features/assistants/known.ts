/** An assistant as AVA knows it: Vapi's copy without its secrets, what was agreed, and what was last changed. */
import { createHash } from 'node:crypto';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';

/** Values by name: settings by their key, other tracked fields as `assistant.<field>`. */
export type Values = Record<string, unknown>;

/** The last recorded change of a key. */
export type Mark = { version: number; at: Date; by: string };

/** An edit whose end was not recorded: its process died, or the database was away. */
export type OpenEdit = { token: string; intent: EditIntent | null; isExpired: boolean };

export type EditIntent = {
  action: string;
  author: string;
  reason: string | null;
  correlationId: string;
  checked: boolean;
  changes: Change[];
  note: { action: string; subject: string; details: Record<string, unknown> } | null;
};

/** `id` becomes the id of the version, so that a change is recorded once, whoever records it. */
export type Change = { id: string; key: string; before: unknown; after: unknown };

export type KnownAssistant = {
  assistantId: string;
  name: string;
  isDefault: boolean;
  isAdopted: boolean;
  /** Vapi's copy with secrets made unreadable. */
  snapshot: VapiAssistant;
  snapshotAt: Date;
  agreed: Values;
  revision: number;
  connected: boolean;
  deletedAt: Date | null;
  marks: ReadonlyMap<string, Mark>;
  openEdit: OpenEdit | null;
};

const SECRET_NAME = /(secret|api_?key|auth_?token|password)$/i;

/**
 * A copy without secrets: headers of webhook targets, credentials, and fields named like one become fingerprints, which
 * still tell whether they changed. Metadata stays as it is: it is the tenant's own.
 */
export function withoutSecrets(assistant: VapiAssistant): VapiAssistant {
  const members = Object.entries(assistant);
  return Object.fromEntries(
    members.map(([name, value]) => [name, name === 'metadata' ? value : hidden(name, value)]),
  ) as VapiAssistant;
}

/** Short, one-way, and the same for the same secret. */
export function fingerprint(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex').slice(0, 16)}`;
}

function hidden(name: string, value: unknown): unknown {
  if (name === 'headers' || name === 'credentials') return hiddenLeaves(value);
  if (typeof value === 'string') return SECRET_NAME.test(name) ? fingerprint(value) : value;
  if (Array.isArray(value)) return value.map((item) => hidden('', item));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, hidden(key, member)]));
}

function hiddenLeaves(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('sha256:') ? value : fingerprint(value);
  if (Array.isArray(value)) return value.map(hiddenLeaves);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, hiddenLeaves(member)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
