/** The dearest legal form of each read, and of the writes that are cheap to repeat: what a sly member of a tenant would ask. */
import { WORDS } from './fill-calls.ts';
import type { Dearest } from './fill-dearest.ts';

export type Form = { name: string; method: 'GET' | 'PUT' | 'POST'; path: string; body?: unknown; pages?: boolean };
export type Known = Dearest & { assistantId: string; sid: string; farCursor: string };

/** By path of the API document; those of `undefined` are left out, with the reason. */
export function formsOf(path: string, known: Known): string[] | string {
  const ids: Record<string, string> = {
    '/api/v1/assistants/{id}': known.assistantId,
    '/api/v1/assistants/{id}/tools': known.assistantId,
    '/api/v1/calls/{id}': known.callId,
    '/api/v1/calls/{id}/timeline': known.callId,
    '/api/v1/ops/webhooks/{id}': known.webhookId,
    '/api/v1/ops/verifications/{id}': known.verificationId,
  };
  const filled = path
    .replace('{id}', ids[path] ?? '{id}')
    .replace('{sid}', known.sid)
    .replace('{provider}', 'google')
    .replace('{key}', 'system_prompt');
  if (LEFT_OUT[path] !== undefined) return LEFT_OUT[path];
  return (QUERIES(known)[path] ?? ['']).map((query) => `${filled}${query && `?${query}`}`);
}

const LEFT_OUT: Record<string, string> = {
  '/api/v1/events': 'has no end',
  '/api/v1/calls/export': 'is counted by the page',
  '/api/v1/ops/audit/verification': 'is counted by the page',
  '/api/v1/calls/{id}/recording': "passes the vendor's sound on",
  '/api/v1/integrations/calendar/{provider}/callback': 'needs a consent at the provider',
  '/api/v1/integrations/calendar/{provider}/events': 'needs a consent at the provider',
  '/api/v1/vapi/settings/diff': 'compares two versions',
  '/api/v1/ops/releases/{id}': 'needs a release',
  '/webhooks/twilio/voice': 'is signed by the vendor',
  '/webhooks/twilio/fallback': 'is signed by the vendor',
  '/webhooks/twilio/after': 'is signed by the vendor',
};

const ASSISTANT = 'assistant_id=00000000-0000-4000-8000-000000000003';
const CHOICES = Array.from({ length: 24 }, (_, n) => `w${n}`).join('+or+');
const UNSEEN = `%22${WORDS.most}+${WORDS.all}%22`;

/** Of each that takes them: the largest limit, the worst filter, the farthest page. */
const QUERIES = ({ farCursor }: Known): Record<string, string[]> => ({
  '/api/v1/calls': [
    'limit=200',
    `limit=200&cursor=${farCursor}`,
    'limit=200&unread=true',
    `limit=200&${ASSISTANT}&direction=outbound`,
    `limit=200&${ASSISTANT}&direction=outbound&outcome=voicemail&phone_number=%2B4930105`,
    'limit=200&phone_number=%2B4930105&direction=outbound&outcome=failed',
    'limit=200&outcome=sentence&direction=inbound&status=ended',
    `limit=200&q=${WORDS.all}`,
    `limit=200&q=${WORDS.most}&cursor=${farCursor}`,
    `limit=200&q=${WORDS.few}`,
    'limit=200&q=w500',
    'limit=200&q=w2500',
    `limit=200&q=${WORDS.others}`,
    `limit=200&q=${WORDS.none}`,
    `limit=200&q=-${WORDS.all}`,
    `limit=200&q=${UNSEEN}`,
    `limit=200&q=${UNSEEN}&cursor=${farCursor}`,
    `limit=200&q=${UNSEEN}&${ASSISTANT}&direction=outbound`,
    `limit=200&q=${UNSEEN}&phone_number=%2B4930105`,
    `limit=200&q=-${WORDS.all}+${CHOICES}`,
    `limit=200&q=${WORDS.most}&unread=true`,
  ],
  '/api/v1/calls/stats': ['days=365'],
  '/api/v1/calls/completeness': ['days=365'],
  '/api/v1/timeline': ['id=dearest&limit=200', 'id=bench&limit=200'],
  '/api/v1/assistants': ['limit=200', 'limit=200&deleted=true'],
  '/api/v1/members': ['limit=200'],
  '/api/v1/messages': ['limit=200', 'limit=200&state=refused', 'limit=200&channel=sms&state=waiting'],
  '/api/v1/twilio/messages': ['limit=200', 'limit=200&state=refused'],
  '/api/v1/twilio/numbers': ['limit=200'],
  '/api/v1/ops/webhooks': [
    'limit=200',
    'limit=200&vendor=twilio',
    'limit=200&state=processed&vendor=twilio',
    'limit=200&state=quarantined&vendor=twilio',
    'limit=200&state=dead',
  ],
  '/api/v1/ops/audit': ['limit=200', 'limit=200&actor=nobody', 'limit=200&action=none', 'limit=200&action=no.'],
  '/api/v1/ops/alerts': ['limit=200', 'limit=200&state=open'],
  '/api/v1/ops/verifications': ['limit=200'],
  '/api/v1/ops/releases': ['limit=200'],
  '/api/v1/vapi/settings/history': ['limit=200'],
  '/api/v1/vapi/settings/{key}/history': ['limit=200'],
});

const NUMBERS = ['+13035550100', '+13035550101', '+13035550102', '+13035550103', '+13035550104'];
const COUNTRIES = Array.from({ length: 250 }, (_, n) => `${letter(n / 26)}${letter(n)}`);

export function writes({ callId }: Known): Form[] {
  return [
    { name: 'reads a call', method: 'PUT', path: `/api/v1/calls/${callId}/read` },
    { name: 'changes retention', method: 'PUT', path: '/api/v1/calls/retention', body: { days: 3650 } },
    {
      ...{ name: 'changes limits', method: 'PUT', path: '/api/v1/calls/limits' },
      body: { countries: COUNTRIES, calls_per_user_per_day: 100, calls_per_tenant_per_day: 100 },
    },
    {
      ...{ name: 'changes texts', method: 'PUT', path: '/api/v1/calls/texts' },
      body: { when: 'every_call', to: NUMBERS, per_day: 9_999 },
    },
  ];
}

function letter(n: number): string {
  return String.fromCharCode(65 + (Math.floor(n) % 26));
}
