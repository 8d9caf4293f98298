/** What other rooms know about the time of a call: settings in force, changes of circuits, and what was done about it. */
import type { Database } from '../db/connect.ts';
import { type VersionFacts, versionsAround } from '../features/assistants/story.ts';
import type { Call } from '../features/calls/contract.ts';
import type { Addition } from '../features/calls/timeline.ts';
import { type EffectFacts, effectsAbout } from '../features/effects/story.ts';
import type { CircuitChange, CircuitHistory } from '../features/system/circuit-history.ts';
import { discreet } from '../features/timeline/discreet.ts';
import { ofEffect } from '../features/timeline/words.ts';

export type TimelineDepsOptions = { db: Database; circuitHistory: Pick<CircuitHistory, 'during'> };

const BEFORE_MS = 3_600_000;
const AFTER_MS = 60_000;
const MOST_ROWS = 100;

export function createAdditions({ db, circuitHistory }: TimelineDepsOptions) {
  return async (tenantId: string, call: Call): Promise<Addition[]> => {
    const { from, to } = around(call);
    const changes = await circuitHistory.during(tenantId, {
      from: new Date(Date.parse(call.started_at) - AFTER_MS),
      to,
    });
    const { effects, versions } = await db.asTenant(tenantId, async (trx) => ({
      effects: await effectsAbout(trx, tenantId, effectClues(call), MOST_ROWS),
      versions:
        call.assistant_id === null
          ? []
          : await versionsAround(trx, tenantId, { assistantId: call.assistant_id, from, to }, MOST_ROWS),
    }));
    return [
      ...effects.map(ofThisEffect),
      ...versions.map((version) => ofThisVersion(version, new Date(call.started_at))),
      ...changes.map(ofThisChange),
    ];
  };
}

function around({ started_at: startedAt, ended_at: endedAt }: Call): { from: Date; to: Date } {
  const start = Date.parse(startedAt);
  const end = endedAt === null ? start + BEFORE_MS : Date.parse(endedAt);
  return { from: new Date(start - BEFORE_MS), to: new Date(end + AFTER_MS) };
}

function effectClues({ id, vapi_call_id: vapiCallId, twilio_call_sid: callSid }: Call) {
  return {
    ...{ ids: [], correlationIds: [], messageId: '' },
    keys: [`call.told:${id}`, ...(callSid === null ? [] : [`ring:${callSid}`])],
    keyPrefixes: [`email:call:${id}:`, `sms:call:${id}:`, ...(vapiCallId === null ? [] : [`tool:${vapiCallId}:`])],
  };
}

function ofThisEffect(row: EffectFacts): Addition {
  const { at, name, text } = ofEffect(row);
  return {
    at,
    kind: 'effect',
    source: 'ava',
    name,
    text,
    correlation_id: row.correlation_id,
    details: {
      effect_id: row.id,
      effect_key: discreet(row.key),
      state: row.state,
      attempts: row.attempts,
      created_at: row.created_at.toISOString(),
    },
  };
}

function ofThisVersion(version: VersionFacts, startedAt: Date): Addition {
  const { id, at, key, action, author, correlationId } = version;
  const text =
    at <= startedAt
      ? `In force: setting ${key} in version ${version.version}, ${action} by ${author}.`
      : `${author}: setting ${key} became version ${version.version} (${action}), for later calls.`;
  return {
    ...{ at, kind: 'setting', source: 'ava', name: `setting:${action}`, text, correlation_id: correlationId },
    details: { version_id: id, key, version: version.version, author },
  };
}

const WORDS: Record<string, string> = {
  opening: 'opened: calls through it are refused at once',
  probing: 'was probed',
  closing: 'closed: calls go through it again',
  isolated: 'was isolated by hand',
  released: 'was released',
};

function ofThisChange({ id, at, circuit, upstream, change, reason }: CircuitChange): Addition {
  return {
    ...{ at, kind: 'breaker', source: 'ava', name: `breaker:${change}`, correlation_id: null },
    text: `The circuit of ${upstream} ${WORDS[change] ?? change}. Why: ${reason}`,
    details: { circuit_change_id: id, circuit, reason },
  };
}
