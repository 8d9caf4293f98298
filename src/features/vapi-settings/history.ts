/** What the settings were: versions in their order, and what differs between any two. */
import { fail } from '../../errors.ts';
import type { Assistants } from '../assistants/assistants.ts';
import type { SettingHistory, SettingsDiff, SettingVersion } from './contract.ts';
import { differingFields } from './leaves.ts';
import type { Settings } from './settings.ts';

export type HistoryQuery = {
  key?: string;
  assistant_id?: string | undefined;
  cursor?: string | undefined;
  limit: number;
};

export type History = ReturnType<typeof createHistory>;

type Version = NonNullable<Awaited<ReturnType<Assistants['version']>>>;

export function createHistory({ assistants, settings }: { assistants: Assistants; settings: Settings }) {
  /** Newest first. Empty for a tenant without an assistant. */
  async function list(tenantId: string, query: HistoryQuery): Promise<SettingHistory> {
    const { key, cursor, limit } = query;
    const assistantId = await settings.assistantIdOf({ tenantId, assistantId: query.assistant_id });
    const page = await assistants.history(tenantId, assistantId, { key, cursor, limit });
    return { versions: page.versions.map(versionWire), next_cursor: page.nextCursor };
  }

  /** Inside the value for two versions of one key; over all keys, as they stood then, for versions of different ones. */
  async function diff(tenantId: string, fromId: string, toId: string): Promise<SettingsDiff> {
    const from = await assistants.version(tenantId, fromId);
    const to = await assistants.version(tenantId, toId);
    if (!from || !to) throw fail('not_found', `There is no version ${from ? toId : fromId}.`);
    if (from.assistantId !== to.assistantId) {
      throw fail('validation_failed', 'The versions belong to different assistants.', {
        fields: [{ field: 'to', message: 'must be a version of the same assistant' }],
      });
    }
    const pairs: Pair[] =
      from.key === to.key
        ? [{ key: from.key, from: from.after, to: to.after }]
        : pairsOf(await assistants.versionsAsOf(tenantId, from), await assistants.versionsAsOf(tenantId, to));
    const changes = pairs.flatMap((pair) =>
      differingFields([pair.from, pair.to]).map(({ field, sides }) => ({
        key: pair.key,
        field,
        from: sides[0],
        to: sides[1],
      })),
    );
    return { from: versionWire(from), to: versionWire(to), changes };
  }

  return { list, diff };
}

type Pair = { key: string; from: unknown; to: unknown };

// A key that was first changed between the two moments stood at what that change found.
function pairsOf(earlier: Version[], later: Version[]): Pair[] {
  const before = new Map(earlier.map((version) => [version.key, version.after]));
  const after = new Map(later.map((version) => [version.key, version.after]));
  const found = new Map([...earlier, ...later].map((version) => [version.key, version.before]));
  const standing = (side: Map<string, unknown>, key: string) => (side.has(key) ? side.get(key) : found.get(key));
  return [...found.keys()].map((key) => ({ key, from: standing(before, key), to: standing(after, key) }));
}

function versionWire(version: Version): SettingVersion {
  const { id, key, action, before, after, author, reason, checked, at } = version;
  return {
    id,
    assistant_id: version.assistantId,
    key,
    version: version.version,
    action: action as SettingVersion['action'],
    before: before ?? null,
    after: after ?? null,
    author,
    reason,
    correlation_id: version.correlationId,
    checked,
    created_at: at.toISOString(),
  };
}
