/**
 * What the replicas of a fleet agree on about one circuit, as a pure function: (record, order, now) -> record, reply. `script.ts` is the
 * same in Lua, run by Redis in one piece on Redis's clock; a test holds the two against each other, and the model check runs on this one.
 * Every change gets a fence, a number that only grows: a lease or a replica that is behind is told by its number, never by its time.
 */

/** A run is the failures since anybody was last answered; `by` names the replicas that told of one, as `,a,b,`. Plain JSON. */
export type FleetRecord = {
  tag: 'closed' | 'open' | 'half_open' | 'isolated';
  /** The fence of the latest change of `tag`, or of the latest opening. */
  epoch: number;
  run: number;
  by: string;
  sinceMs: number;
  /** When calls may be tried again; -1 is when a person lifts the isolation. */
  untilMs: number;
  successes: number;
  /** The fence of the one probe that is under way, 0 for none. */
  lease: number;
  leaseUntilMs: number;
  reason: string;
  author: string;
};

export type FleetOrder =
  | { type: 'failed'; replica: string; reason: string; liveReplicas: number }
  | { type: 'answered' }
  | { type: 'lease'; leaseMs: number }
  | { type: 'probe'; lease: number; outcome: 'good' | 'bad' | 'none'; reason: string }
  /** `forMs` -1 is until a person lifts it. `again`: only where nothing is known of the circuit, since Redis has lost its memory. */
  | { type: 'isolate'; reason: string; author: string; forMs: number; again: boolean }
  /** `epoch`: only where this is what the fleet still stands at; 0 closes it whatever stands. */
  | { type: 'close'; reason: string; author: string; epoch: number };

/** `leased`: the fence of the probe. `busy`: another one probes, or it is too early. `unknown`: the fleet keeps no such circuit from calling. */
export type FleetReply = { leased: number } | 'busy' | 'unknown' | 'done';

export type FleetSettings = { threshold: number; recoveryMs: number; successThreshold: number };

export const freshRecord: FleetRecord = {
  tag: 'closed',
  epoch: 0,
  run: 0,
  by: ',',
  sinceMs: 0,
  untilMs: 0,
  successes: 0,
  lease: 0,
  leaseUntilMs: 0,
  reason: '',
  author: '',
};

/** How many replicas must tell of failures: more than half of those that live, and the only one when it is alone. */
export function quorumOf(liveReplicas: number): number {
  return Math.floor(liveReplicas / 2) + 1;
}

/** `nextFence` gives a number that was never given before. */
export function decide(
  record: FleetRecord,
  order: FleetOrder,
  nowMs: number,
  settings: FleetSettings,
  nextFence: () => number,
): { record: FleetRecord; reply: FleetReply } {
  switch (order.type) {
    case 'failed':
      return done(failed(record, order, nowMs, settings, nextFence));
    case 'answered':
      return done(record.tag === 'closed' ? { ...record, run: 0, by: ',' } : record);
    case 'lease':
      return lease(record, order.leaseMs, nowMs, nextFence);
    case 'probe':
      return done(record.lease === order.lease ? probed(record, order, nowMs, settings, nextFence) : record);
    case 'isolate':
      if (order.again && record.epoch !== 0) return done(record);
      return done({
        ...freshRecord,
        tag: 'isolated',
        epoch: nextFence(),
        sinceMs: record.tag === 'closed' ? nowMs : record.sinceMs,
        untilMs: order.forMs < 0 ? -1 : nowMs + order.forMs,
        reason: order.reason,
        author: order.author,
      });
    default:
      if (order.epoch !== 0 && order.epoch !== record.epoch) return done(record);
      return done(closed(record, order, nextFence));
  }
}

function failed(
  record: FleetRecord,
  { replica, reason, liveReplicas }: { replica: string; reason: string; liveReplicas: number },
  nowMs: number,
  settings: FleetSettings,
  nextFence: () => number,
): FleetRecord {
  if (record.tag !== 'closed') return record;
  const by = record.by.includes(`,${replica},`) ? record.by : `${record.by}${replica},`;
  const counted = { ...record, run: record.run + 1, by };
  if (counted.run < settings.threshold || by.split(',').length - 2 < quorumOf(liveReplicas)) return counted;
  return opened(counted, nowMs, reason, settings, nextFence);
}

function opened(
  record: FleetRecord,
  nowMs: number,
  reason: string,
  { recoveryMs }: FleetSettings,
  nextFence: () => number,
): FleetRecord {
  const sinceMs = record.tag === 'closed' ? nowMs : record.sinceMs;
  return { ...freshRecord, tag: 'open', epoch: nextFence(), sinceMs, untilMs: nowMs + recoveryMs, reason };
}

function lease(
  record: FleetRecord,
  leaseMs: number,
  nowMs: number,
  nextFence: () => number,
): { record: FleetRecord; reply: FleetReply } {
  if (record.tag === 'closed') return { record, reply: 'unknown' };
  const isWaiting = record.untilMs < 0 || nowMs < record.untilMs;
  if (record.tag !== 'half_open' && isWaiting) return { record, reply: 'busy' };
  if (record.lease !== 0 && nowMs < record.leaseUntilMs) return { record, reply: 'busy' };
  const fence = nextFence();
  const epoch = record.tag === 'half_open' ? record.epoch : fence;
  const leased = { ...record, tag: 'half_open' as const, epoch, lease: fence, leaseUntilMs: nowMs + leaseMs };
  return { record: leased, reply: { leased: fence } };
}

function probed(
  record: FleetRecord,
  order: { outcome: 'good' | 'bad' | 'none'; reason: string },
  nowMs: number,
  settings: FleetSettings,
  nextFence: () => number,
): FleetRecord {
  if (order.outcome === 'bad') return opened(record, nowMs, order.reason, settings, nextFence);
  const free = { ...record, lease: 0, leaseUntilMs: 0 };
  if (order.outcome === 'none') return free;
  const successes = record.successes + 1;
  if (successes < settings.successThreshold) return { ...free, successes };
  return closed(record, { reason: `${successes} probes in a row were answered`, author: '' }, nextFence);
}

function closed(record: FleetRecord, order: { reason: string; author: string }, nextFence: () => number): FleetRecord {
  if (record.tag === 'closed') return { ...record, run: 0, by: ',' };
  return { ...freshRecord, epoch: nextFence(), reason: order.reason, author: order.author };
}

function done(record: FleetRecord): { record: FleetRecord; reply: FleetReply } {
  return { record, reply: 'done' };
}
