/** Everything that happened in one call, in the order in which it happened. */
import type { TimelineEntry } from './contract.ts';
import type { EventRow } from './store.ts';

/** Things from other rooms that belong to the call: settings in force, effects, changes of circuits. */
export type Addition = Omit<TimelineEntry, 'at'> & { at: Date };

export function timelineOf(events: readonly EventRow[], additions: readonly Addition[]): TimelineEntry[] {
  return [...events.flatMap(entriesOf), ...additions]
    .sort((a, b) => a.at.getTime() - b.at.getTime())
    .map((entry) => ({ ...entry, at: entry.at.toISOString() }));
}

type Decision = { route?: string; reason?: string; tookMs?: number; vapiCallId?: string };
type Stored = { details?: { ava?: Decision } & Record<string, unknown> };

function entriesOf(event: EventRow): Addition[] {
  const { ava, ...details } = (event.facts as Stored).details ?? {};
  const base = { at: event.at, correlation_id: event.correlation_id };
  const isListed = event.name === 'recovered' || event.name === 'reconciled';
  const source = event.source as Addition['source'];
  const told: Addition = {
    ...base,
    kind: isListed ? 'reconciliation' : event.source === 'ava' ? 'effect' : 'webhook',
    source,
    name: event.name,
    text: textOf(event),
    details,
  };
  return ava === undefined ? [told] : [told, decided(base, ava)];
}

function decided(base: Pick<Addition, 'at' | 'correlation_id'>, decision: Decision): Addition {
  const { route = 'end', reason = '', tookMs = 0, vapiCallId } = decision;
  return {
    ...base,
    at: new Date(base.at.getTime() + tookMs),
    kind: 'route',
    source: 'ava',
    name: `route:${route}`,
    text: `AVA answered within ${Math.round(tookMs)} ms: ${ROUTES[route] ?? route}.`,
    details: {
      route,
      reason,
      took_ms: Math.round(tookMs),
      ...(vapiCallId !== undefined && { vapi_call_id: vapiCallId }),
    },
  };
}

const ROUTES: Record<string, string> = {
  ai: 'the assistant takes the call',
  person: 'people are rung',
  voicemail: 'the caller may leave a message',
  sentence: 'the caller hears a sentence',
  end: 'the call ends',
};

const TEXTS: Record<string, string> = {
  voice: 'Twilio asked what to do with the call.',
  'status-update:queued': 'Vapi took the call over.',
  'status-update:ringing': 'Vapi: ringing.',
  'status-update:in-progress': 'The assistant talks with the caller.',
  'status-update:forwarding': 'The assistant forwards the call.',
  'status-update:ended': 'Vapi: the call is over.',
  'end-of-call-report': "Vapi's report on the call arrived.",
  'tool-calls': 'The assistant used a tool.',
  hang: 'The assistant was late to answer.',
  recording: 'A recording is ready.',
  recovered: 'Found by reconciliation: its webhooks had not come.',
  reconciled: "Compared with the vendor's list.",
};

function textOf(event: EventRow): string {
  const known = TEXTS[event.name];
  if (known !== undefined) return known;
  if (event.name.startsWith('transcript')) return 'Somebody spoke.';
  if (event.name.startsWith('status:')) return `Twilio: ${event.name.slice('status:'.length)}.`;
  if (event.name.startsWith('after')) return 'Twilio came back for the next step.';
  return `${event.source === 'vapi' ? 'Vapi' : event.source === 'twilio' ? 'Twilio' : 'AVA'}: ${event.name}.`;
}
