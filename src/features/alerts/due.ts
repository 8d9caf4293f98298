/**
 * Who has to be told what now, as a pure function of the alerts and of who was told already. By severity an alert has its
 * channels; where one of them failed the next one is used. What is over is told to those who heard of its beginning.
 */
import type { NoticeKind } from './channels.ts';
import type { Channel, Severity } from './contract.ts';
import type { Notification, Silence, StoredAlert } from './store.ts';

export const CHANNEL_PLAN: Record<Severity, { first: Channel[]; next: Channel[] }> = {
  critical: { first: ['pagerduty', 'slack'], next: ['email'] },
  warning: { first: ['slack'], next: ['email', 'pagerduty'] },
  info: { first: ['email'], next: ['slack'] },
};

export type Due = { alert: StoredAlert; channel: Channel; kind: NoticeKind };

export type DueInput = {
  alerts: StoredAlert[];
  silences: Silence[];
  /** The configured channels, and whether a notice may be repeated there. */
  channels: ReadonlyMap<Channel, { isRepeatable: boolean }>;
  now: Date;
};

/** After this long without an outcome whoever was telling has died. */
export const LOST_MS = 60_000;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 300_000;

export function dueNotices(input: DueInput): Due[] {
  return input.alerts.flatMap((alert) => {
    if (alert.state === 'resolved') return endings(alert, 'resolve', input);
    if (alert.state === 'acknowledged') return endings(alert, 'acknowledge', input).filter(isPagerDuty);
    return silenceOf(alert, input.silences) === undefined ? triggers(alert, input) : [];
  });
}

/** The silence that covers an alert and lasts longest. */
export function silenceOf(alert: { rule: string; resource: string }, silences: Silence[]): Silence | undefined {
  return silences.findLast(
    (silence) => silence.rule === alert.rule && (silence.resource === null || silence.resource === alert.resource),
  );
}

/** The channels that an alert of this severity goes to at first, of those that are configured. */
export function firstChannels(severity: Severity, isConfigured: (channel: Channel) => boolean): Channel[] {
  const { first, next } = CHANNEL_PLAN[severity];
  const chosen = first.filter(isConfigured);
  return chosen.length > 0 ? chosen : next.filter(isConfigured).slice(0, 1);
}

function triggers(alert: StoredAlert, input: DueInput): Due[] {
  const isConfigured = (channel: Channel) => input.channels.has(channel);
  const chosen = firstChannels(alert.severity, isConfigured);
  const spare = [...CHANNEL_PLAN[alert.severity].next, 'pagerduty', 'slack', 'email'] as Channel[];
  const told = (channel: Channel) => find(alert, channel, 'trigger');
  const due = chosen.filter((channel) => isDue(told(channel), channel, input));
  // One spare channel for each that did not take it; one that failed itself makes room for the next.
  let missing = chosen.filter((channel) => hasFailed(told(channel), input)).length;
  for (const channel of new Set(spare)) {
    if (missing === 0) break;
    if (!isConfigured(channel) || chosen.includes(channel)) continue;
    const known = told(channel);
    if (known === undefined || isDue(known, channel, input)) due.push(channel);
    if (known === undefined || !hasFailed(known, input)) missing -= 1;
  }
  return due.map((channel) => ({ alert, channel, kind: 'trigger' as const }));
}

function endings(alert: StoredAlert, kind: 'resolve' | 'acknowledge', input: DueInput): Due[] {
  return alert.notifications
    .filter((one) => one.kind === 'trigger' && one.outcome !== 'failed')
    .filter(({ channel }) => input.channels.has(channel) && isDue(find(alert, channel, kind), channel, input))
    .map(({ channel }) => ({ alert, channel, kind }));
}

function isPagerDuty({ channel }: Due): boolean {
  return channel === 'pagerduty';
}

function find(alert: StoredAlert, channel: Channel, kind: NoticeKind): Notification | undefined {
  return alert.notifications.find((one) => one.channel === channel && one.kind === kind);
}

function isDue(known: Notification | undefined, channel: Channel, { channels, now }: DueInput): boolean {
  if (known === undefined) return true;
  const ageMs = now.getTime() - known.at.getTime();
  if (known.outcome === 'failed') return ageMs >= Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * known.attempts);
  return known.outcome === 'unknown' && ageMs >= LOST_MS && channels.get(channel)?.isRepeatable === true;
}

/** Whether the channel is to be replaced by another one. An outcome that stays unknown is no better than a failure. */
function hasFailed(known: Notification | undefined, { now }: DueInput): boolean {
  if (known === undefined || known.outcome === 'delivered') return false;
  return known.outcome === 'failed' || known.problem !== null || now.getTime() - known.at.getTime() >= LOST_MS;
}
