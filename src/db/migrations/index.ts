/**
 * LIST: every migration in order. Only ever appended to. The version that runs must be able to live with the schema of
 * the next one, so what it uses is dropped one release after it stopped using it, by a migration with a `contract`.
 */
import * as foundation from './0001-foundation.ts';
import * as accounts from './0002-accounts.ts';
import * as vapiSettings from './0003-vapi-settings.ts';
import * as calls from './0004-calls.ts';
import * as operations from './0005-messaging-calendars-alerts.ts';
import * as rotation from './0006-rotation.ts';
import * as circuitChanges from './0007-circuit-changes.ts';
import * as releaseRuns from './0008-release-runs.ts';
import * as timeline from './0009-timeline.ts';
import * as sealedColumns from './0010-sealed-columns.ts';
import * as replicas from './0012-replicas.ts';
import * as readsAndMessages from './0014-reads-and-messages.ts';
import * as callSearch from './0015-call-search.ts';
import * as textMessages from './0016-text-messages.ts';
import * as webhookKeys from './0017-webhook-keys.ts';
import * as searchOfOneTenant from './0018-search-of-one-tenant.ts';
import * as webhookKeysFilled from './0019-webhook-keys-filled.ts';
import * as webhookMonths from './0020-webhook-months.ts';
import * as callsBeforeMonths from './0021-calls-before-months.ts';
import * as callsBeforeMonthsProven from './0022-calls-before-months-proven.ts';
import * as callMonths from './0023-call-months.ts';
import * as callReadsProven from './0024-call-reads-proven.ts';
import type { Migrations } from './released.ts';

export const MIGRATIONS: Migrations = {
  '0001-foundation': foundation,
  '0002-accounts': accounts,
  '0003-vapi-settings': vapiSettings,
  '0004-calls': calls,
  '0005-messaging-calendars-alerts': operations,
  '0006-rotation': rotation,
  '0007-circuit-changes': circuitChanges,
  '0008-release-runs': releaseRuns,
  '0009-timeline': timeline,
  '0010-sealed-columns': sealedColumns,
  '0012-replicas': replicas,
  '0014-reads-and-messages': readsAndMessages,
  '0015-call-search': callSearch,
  '0016-text-messages': textMessages,
  '0017-webhook-keys': webhookKeys,
  '0018-search-of-one-tenant': searchOfOneTenant,
  '0019-webhook-keys-filled': webhookKeysFilled,
  '0020-webhook-months': webhookMonths,
  '0021-calls-before-months': callsBeforeMonths,
  '0022-calls-before-months-proven': callsBeforeMonthsProven,
  '0023-call-months': callMonths,
  '0024-call-reads-proven': callReadsProven,
};
