/** What an operator sees of alerts and can do about them. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { errorsOf, fail } from '../../errors.ts';
import type { Actor } from '../../http/caller.ts';
import type { Audit } from '../audit/audit.ts';
import {
  ALERT_ERRORS,
  type AlertRuleWire,
  type AlertTestWire,
  type AlertWire,
  CHANNELS,
  type Channel,
  SEVERITIES,
  type SilenceWire,
} from './contract.ts';
import { firstChannels, silenceOf } from './due.ts';
import { addSilence, endSilence, listSilences } from './notice-store.ts';
import { RULES, ruleOf } from './rules.ts';
import * as store from './store.ts';
import type { Teller } from './teller.ts';
import { trafficOf } from './traffic.ts';

export type AlertDeskDeps = { db: Database; clock: Clock; teller: Teller; audit: Pick<Audit, 'record'> };
export type AlertDesk = ReturnType<typeof createAlertDesk>;

const failAlert = errorsOf(ALERT_ERRORS);

export function createAlertDesk({ db, clock, teller, audit }: AlertDeskDeps) {
  const { system } = db;

  /** Alerts belong to the installation; the audit trail of the operator's tenant tells what was done about them. */
  async function record(
    actor: Actor,
    action: string,
    subject: string,
    details: Record<string, unknown>,
  ): Promise<void> {
    const { tenantId } = actor;
    await db.asTenant(tenantId, (trx) => audit.record(trx, { tenantId, actor, action, subject, details }));
  }

  const isConfigured = (channel: Channel) => teller.channels.includes(channel);

  async function list(filter: { state?: 'open' | 'resolved' | undefined; limit: number; cursor?: string | undefined }) {
    const before = filter.cursor === undefined ? undefined : placeOf(filter.cursor);
    const found = await store.listAlerts(system, { state: filter.state, limit: filter.limit + 1, before });
    const silences = await listSilences(system, clock.now());
    const { evaluatedAt } = await store.loadState(system);
    const alerts = found.slice(0, filter.limit);
    const last = alerts.at(-1);
    return {
      alerts: alerts.map((alert) => wireOf(alert, silences)),
      next_cursor: found.length > filter.limit && last !== undefined ? cursorOf(last) : null,
      evaluated_at: evaluatedAt?.toISOString() ?? null,
    };
  }

  /** Somebody takes care: no more repeats, and PagerDuty is told. Throws not_found or alert_over. */
  async function acknowledge(id: string, actor: Actor): Promise<AlertWire> {
    const isNew = await store.acknowledge(system, id, actor.name, clock.now());
    const alert = await store.findAlert(system, id);
    if (alert === undefined) throw fail('not_found', 'There is no such alert.');
    if (alert.state === 'resolved')
      throw failAlert('alert_over', 'It is over already; there is nothing to acknowledge.');
    if (isNew) await record(actor, 'alert.acknowledged', `${alert.rule} ${alert.resource}`, { id });
    return wireOf(alert, await listSilences(system, clock.now()));
  }

  async function silence(
    given: { rule: string; resource?: string | undefined; reason: string; minutes: number },
    actor: Actor,
  ): Promise<SilenceWire> {
    if (ruleOf(given.rule) === undefined) {
      const fields = [{ field: 'rule', message: 'is not a rule; GET /ops/alerts/rules lists them' }];
      throw fail('validation_failed', 'Some fields are not valid.', { fields });
    }
    const createdAt = clock.now();
    const expiresAt = new Date(createdAt.getTime() + given.minutes * 60_000);
    const { rule, reason } = given;
    const resource = given.resource ?? null;
    const made = await addSilence(system, { rule, resource, reason, author: actor.name, createdAt, expiresAt });
    await record(actor, 'alert.silenced', rule, { resource, reason, minutes: given.minutes });
    return silenceWire(made);
  }

  async function unsilence(id: string, actor: Actor): Promise<void> {
    if (!(await endSilence(system, id, clock.now()))) throw fail('not_found', 'There is no such silence any more.');
    await record(actor, 'alert.silence_ended', id, {});
  }

  async function channels() {
    const last = await store.lastNotifications(system);
    const newest = (channel: Channel, isWanted: (outcome: string) => boolean) =>
      last.filter((one) => one.channel === channel && isWanted(one.outcome)).toSorted((a, b) => +b.at - +a.at)[0];
    return CHANNELS.map((channel) => {
      const failed = newest(channel, (outcome) => outcome !== 'delivered');
      return {
        channel,
        configured: isConfigured(channel),
        severities: SEVERITIES.filter((severity) => firstChannels(severity, isConfigured).includes(channel)),
        last_delivered_at: newest(channel, (outcome) => outcome === 'delivered')?.at.toISOString() ?? null,
        last_failed_at: failed?.at.toISOString() ?? null,
        last_problem: failed?.problem ?? null,
      };
    });
  }

  async function test(channel: Channel | undefined, actor: Actor): Promise<AlertTestWire> {
    const answer = await teller.test(channel, actor.name);
    await record(actor, 'alert.tested', channel ?? 'all channels', { results: answer.results });
    return answer;
  }

  return {
    list,
    acknowledge,
    silence,
    unsilence,
    channels,
    test,
    traffic: async () => trafficOf((await store.loadState(system)).history, clock.now()),
    silences: async () => (await listSilences(system, clock.now())).map(silenceWire),
    rules: (): AlertRuleWire[] =>
      RULES.map(({ id, severity, summary, forSeconds, meaning, action }) => ({
        ...{ id, severity, summary, meaning, action },
        for_seconds: forSeconds,
        channels: firstChannels(severity, isConfigured),
      })),
  };
}

function wireOf(alert: store.StoredAlert, silences: store.Silence[]): AlertWire {
  const rule = ruleOf(alert.rule);
  const silence = alert.state === 'resolved' ? undefined : silenceOf(alert, silences);
  return {
    id: alert.id,
    rule: alert.rule,
    severity: alert.severity,
    summary: alert.summary,
    resource: alert.resource,
    state: alert.state,
    value: alert.value,
    meaning: rule?.meaning ?? '',
    action: rule?.action ?? '',
    started_at: alert.startedAt.toISOString(),
    fired_at: alert.firedAt.toISOString(),
    resolved_at: alert.resolvedAt?.toISOString() ?? null,
    acknowledged_at: alert.acknowledgedAt?.toISOString() ?? null,
    acknowledged_by: alert.acknowledgedBy,
    silenced_until: silence?.expiresAt.toISOString() ?? null,
    notifications: alert.notifications.map(({ channel, kind, outcome, problem, at }) => ({
      ...{ channel, kind, outcome, problem },
      at: at.toISOString(),
    })),
  };
}

function silenceWire(silence: store.Silence): SilenceWire {
  const { id, rule, resource, reason, author, createdAt, expiresAt } = silence;
  const times = { created_at: createdAt.toISOString(), expires_at: expiresAt.toISOString() };
  return { id, rule, resource, reason, author, ...times };
}

function cursorOf({ firedAt, id }: store.StoredAlert): string {
  return Buffer.from(`${firedAt.toISOString()} ${id}`).toString('base64url');
}

function placeOf(cursor: string): { firedAt: Date; id: string } {
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ');
  const firedAt = new Date(at);
  if (Number.isNaN(firedAt.getTime()) || !/^[0-9a-f-]{36}$/.test(id)) {
    throw fail('bad_request', 'This cursor is not one that AVA gave.');
  }
  return { firedAt, id };
}
