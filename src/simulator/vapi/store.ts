import type { Clock } from '../../clock.ts';
import type { Random } from '../random.ts';

/** Anything that Vapi keeps: its own four fields, and whatever it was given. */
export type Stored = { id: string; orgId: string; createdAt: string; updatedAt: string; [field: string]: unknown };

export type ServerConfig = {
  url?: string;
  timeoutSeconds?: number;
  headers?: Record<string, string>;
  credentialId?: string;
  backoffPlan?: {
    type: 'fixed' | 'exponential';
    maxRetries: number;
    baseDelaySeconds: number;
    excludedStatusCodes?: number[];
  };
};

/** One key, one organisation; nothing crosses from one to the other. */
export type Org = {
  id: string;
  name: string;
  apiKey: string;
  concurrencyLimit: number;
  /** The webhook target of last resort, set in Vapi's dashboard. */
  server?: ServerConfig;
  assistants: Collection;
  phoneNumbers: Collection;
  calls: Collection;
  tools: Collection;
  credentials: Collection;
};

export type Collection = {
  add(fields: Record<string, unknown>, id?: string): Stored;
  find(id: string): Stored | undefined;
  /** Replaces each field that is given, whole; a null is ignored. */
  patch(id: string, fields: Record<string, unknown>): Stored | undefined;
  remove(id: string): Stored | undefined;
  /** Newest first. */
  all(): Stored[];
};

export type NewOrg = { name?: string; apiKey?: string; concurrencyLimit?: number; server?: ServerConfig };

export function createOrg(given: NewOrg, { random, story }: { random: Random; story: Clock }): Org {
  const id = random.uuid();
  const collection = () => createCollection(id, random, story);
  return {
    id,
    name: given.name ?? 'Simulated organisation',
    apiKey: given.apiKey ?? random.uuid(),
    concurrencyLimit: given.concurrencyLimit ?? 10,
    ...(given.server && { server: given.server }),
    assistants: collection(),
    phoneNumbers: collection(),
    calls: collection(),
    tools: collection(),
    credentials: collection(),
  };
}

function createCollection(orgId: string, random: Random, story: Clock): Collection {
  const items = new Map<string, Stored>();
  return {
    add(fields, id = random.uuid()) {
      const now = story.now().toISOString();
      const stored: Stored = { ...withoutNulls(fields), id, orgId, createdAt: now, updatedAt: now };
      items.set(id, stored);
      return stored;
    },
    find: (id) => items.get(id),
    patch(id, fields) {
      const stored = items.get(id);
      if (stored) Object.assign(stored, withoutNulls(fields), { updatedAt: story.now().toISOString() });
      return stored;
    },
    remove(id) {
      const stored = items.get(id);
      items.delete(id);
      return stored;
    },
    all: () => [...items.values()].toReversed(),
  };
}

function withoutNulls(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
