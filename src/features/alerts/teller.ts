/** Tells people: claims each notice, groups what goes to one channel, keeps what came of it, uses the next channel after a failure. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Metrics } from '../../metrics.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { Notice, NoticeKind, Sender } from './channels.ts';
import type { AlertTestWire, Channel, Severity } from './contract.ts';
import { type Due, dueNotices, firstChannels, LOST_MS } from './due.ts';
import { type Claim, claimNotice, listSilences, noteTest, settleNotice } from './notice-store.ts';
import type { AlertRule } from './rules.ts';
import { ruleOf } from './rules.ts';
import { listCurrent, type StoredAlert } from './store.ts';

export type TellerDeps = { db: Database; clock: Clock; metrics: Metrics; senders: Sender[]; publicUrl: string };

export type Teller = ReturnType<typeof createTeller>;

/** So long after its end an alert may still be told to be over. */
const ENDED_MS = 3_600_000;
/** A channel, its replacement, and the replacement's replacement. */
const PASSES = 3;

export function createTeller(deps: TellerDeps) {
  const { db, clock, metrics, senders } = deps;
  const system = db.lane('job').system;
  const channels = new Map(senders.map((sender) => [sender.channel, sender]));

  let telling: Promise<void> | undefined;

  /** Tells what has to be told now; a failure is kept and tried again another time. One at a time. */
  function tell(): Promise<void> {
    telling ??= tellAll().finally(() => (telling = undefined));
    return telling;
  }

  async function tellAll(): Promise<void> {
    for (let pass = 0; pass < PASSES; pass += 1) {
      const now = clock.now();
      const alerts = await listCurrent(system, new Date(now.getTime() - ENDED_MS));
      if (alerts.length === 0) return;
      const due = dueNotices({ alerts, silences: await listSilences(system, now), channels, now });
      if (due.length === 0) return;
      for (const group of groupsOf(due)) await sendGroup(group);
    }
  }

  async function sendGroup(group: Due[]): Promise<void> {
    const sender = channels.get(group[0]!.channel);
    if (sender === undefined) return;
    const mine: Due[] = [];
    for (const due of group) if (await claim(due, sender)) mine.push(due);
    if (mine.length === 0) return;
    const { outcome, problem } = await attempt(sender, mine.map(noticeFor));
    for (const due of mine) await settleNotice(system, claimOf(due), { outcome, problem, now: clock.now() });
  }

  function claim(due: Due, sender: Sender): Promise<boolean> {
    const now = clock.now();
    const lost = sender.isRepeatable ? new Date(now.getTime() - LOST_MS) : undefined;
    return claimNotice(system, claimOf(due), now, lost);
  }

  async function attempt(sender: Sender, notices: Notice[]) {
    try {
      await sender.send(notices);
      metrics.notifications.inc({ channel: sender.channel, outcome: 'delivered' }, notices.length);
      return { outcome: 'delivered' as const, problem: null };
    } catch (error) {
      metrics.notifications.inc({ channel: sender.channel, outcome: 'failed' }, notices.length);
      const isUnknown = !sender.isRepeatable && mayHaveArrived(error);
      return { outcome: isUnknown ? ('unknown' as const) : ('failed' as const), problem: textOf(error) };
    }
  }

  function noticeFor({ alert, kind }: Due): Notice {
    return noticeOf(alert, kind, deps.publicUrl, clock.now());
  }

  /** Without the database: straight to the channels of that severity, the next one after a failure. */
  async function tellDirectly(rule: AlertRule, kind: 'trigger' | 'resolve'): Promise<void> {
    const alert = { ...rule, rule: rule.id, resource: 'installation', startedAt: clock.now() };
    const notice = noticeOf({ ...alert, id: `direct-${rule.id}`, value: null }, kind, deps.publicUrl, clock.now());
    const chosen = firstChannels(rule.severity, (channel) => channels.has(channel));
    const spare = [...channels.keys()].filter((channel) => !chosen.includes(channel));
    for (const channel of chosen) {
      const outcomes = [channel, ...spare].values();
      for (const next of outcomes) {
        const sender = channels.get(next)!;
        if ((await attempt(sender, [notice])).outcome !== 'failed') break;
      }
    }
  }

  /** Tells of a release and the like: once, to Slack, or by e-mail where Slack did not take it. Never throws. */
  async function announce(news: { key: string; title: string; lines: string[]; isBad: boolean }): Promise<void> {
    const severity = news.isBad ? 'warning' : 'info';
    const notice: Notice = { ...news, kind: 'news', dedupKey: `ava:${news.key}`, severity, at: clock.now() };
    for (const channel of ['slack', 'email'] as const) {
      const sender = channels.get(channel);
      if (sender !== undefined && (await attempt(sender, [notice])).outcome !== 'failed') return;
    }
  }

  /** Sends a test to one channel, or to all that are configured. */
  async function test(wanted: Channel | undefined, by: string): Promise<AlertTestWire> {
    const asked: Channel[] = wanted === undefined ? [...channels.keys()] : [wanted];
    const results = [];
    for (const channel of asked) results.push(await testOne(channel, by));
    return { results };
  }

  async function testOne(channel: Channel, by: string): Promise<AlertTestWire['results'][number]> {
    const sender = channels.get(channel);
    if (sender === undefined) return { channel, configured: false, delivered: false, detail: MISSING[channel] };
    const now = clock.now();
    const { outcome, problem } = await attempt(sender, [testNotice(by, now)]);
    const isDelivered = outcome === 'delivered';
    await noteTest(system, { channel, outcome: isDelivered ? 'delivered' : 'failed', problem, now });
    return { channel, configured: true, delivered: isDelivered, detail: problem ?? 'The channel took the test.' };
  }

  return { tell, tellDirectly, announce, test, channels: [...channels.keys()] };
}

const MISSING: Record<Channel, string> = {
  pagerduty: 'Set PAGERDUTY_ROUTING_KEY.',
  slack: 'Set SLACK_WEBHOOK_URL.',
  email: 'Set ALERT_EMAIL_TO, and SMTP_URL or RESEND_API_KEY.',
};

/** What goes to one channel in one message; PagerDuty takes one event at a time, so that each has its own outcome. */
function groupsOf(due: Due[]): Due[][] {
  const groups = Map.groupBy(due, ({ alert, channel, kind }) =>
    channel === 'pagerduty' ? `${channel} ${kind} ${alert.id}` : `${channel} ${kind}`,
  );
  return [...groups.values()];
}

function claimOf({ alert, channel, kind }: Due): Claim {
  return { alertId: alert.id, channel, kind };
}

type Told = Pick<StoredAlert, 'id' | 'rule' | 'resource' | 'summary' | 'startedAt'> & {
  severity: Severity;
  value: number | null;
};

function noticeOf(alert: Told, kind: NoticeKind, publicUrl: string, at: Date): Notice {
  const rule = ruleOf(alert.rule);
  const about = alert.resource === 'installation' ? '' : ` (${alert.resource})`;
  const since = `Since ${minuteOf(alert.startedAt)} UTC.`;
  const lines =
    kind === 'trigger'
      ? [rule?.meaning ?? '', `What to do: ${rule?.action ?? ''}`, since, `${publicUrl}/operations/alerts`]
      : [`${since} Now ${minuteOf(at)} UTC.`];
  return {
    key: `${alert.id}:${kind}`,
    kind,
    dedupKey: `ava:installation:${alert.rule}:${alert.resource}`,
    severity: alert.severity,
    title: `${alert.summary}${about}`,
    lines,
    at,
  };
}

function testNotice(by: string, at: Date): Notice {
  const key = `ava:test:${at.getTime()}`;
  const lines = [`Sent by ${by}. Nothing is wrong.`];
  return { key, kind: 'test', dedupKey: key, severity: 'info', title: 'AVA can reach this channel', lines, at };
}

function minuteOf(at: Date): string {
  return at.toISOString().slice(0, 16).replace('T', ' ');
}

function mayHaveArrived(error: unknown): boolean {
  return error instanceof UpstreamError && error.connected && (error.kind === 'timeout' || error.kind === 'network');
}

function textOf(error: unknown): string {
  return (error instanceof UpstreamError ? error.detail : 'it failed for a reason inside of AVA').slice(0, 300);
}
