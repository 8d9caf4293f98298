/**
 * What a number must look like at Twilio so that calls reach AVA, and reach somebody when AVA is gone. Computed as data;
 * the same plan serves the first set-up, the job that asserts it again, and the warnings that people read.
 */
import type { TwilioNumber } from '../../providers/twilio/shapes.ts';
import type { RoutingWarning } from './routing-contract.ts';
import type { NumberRow } from './routing-store.ts';

export type ProvisioningPlace = {
  /** Absolute address of AVA's webhooks for Twilio. */
  webhooks: string;
  /** Where the exported fallback documents are hosted, on another origin; undefined while there is none. */
  fallbackUrl: string | undefined;
  vapiBaseUrl: string;
};

/** Fields of a number at Twilio, in its answers' spelling. */
export type NumberUrls = {
  voice_url: string;
  voice_method: string;
  voice_fallback_url: string;
  voice_fallback_method: string;
  status_callback: string;
  status_callback_method: string;
};

// Twilio repeats by itself only what never connected; within its 15 s a dead replica must not cost the call, and no
// connection that a static host closes in the moment of its use the last way out.
// https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
const VOICE_OVERRIDES = '#ct=2000&rt=6000&tt=14000&rc=2&rp=ct,rt,5xx';
const STATUS_OVERRIDES = '#ct=3000&rt=5000&tt=15000&rc=5&rp=ct,rt,5xx';

/** The URLs that a number must have, by how it is routed; undefined where AVA leaves the number alone. */
export function desiredUrls(
  row: Pick<NumberRow, 'mode' | 'sid' | 'flipped_urls'>,
  place: ProvisioningPlace,
): Partial<NumberUrls> | undefined {
  if (row.mode === 'front_door') return { ...voiceUrls(place), ...fallbackUrls(row.sid, place), ...statusUrls(place) };
  if (row.mode !== 'flip') return undefined;
  // Turned over, the number rings at AVA; else it rings at whoever it rang at, and AVA only stands behind it.
  return row.flipped_urls === null
    ? fallbackUrls(row.sid, place)
    : { ...voiceUrls(place), ...fallbackUrls(row.sid, place) };
}

function voiceUrls({ webhooks }: ProvisioningPlace) {
  return { voice_url: `${webhooks}/voice${VOICE_OVERRIDES}`, voice_method: 'POST' };
}

function fallbackUrls(sid: string, { fallbackUrl, webhooks }: ProvisioningPlace) {
  // A static host takes GET; AVA's own address is the second best: it helps when one answer failed, not when AVA is gone.
  if (fallbackUrl !== undefined) {
    return {
      voice_fallback_url: `${fallbackUrl.replace(/(?<!\/)\/+$/, '')}/${sid}.xml${VOICE_OVERRIDES}`,
      voice_fallback_method: 'GET',
    };
  }
  return { voice_fallback_url: `${webhooks}/fallback${VOICE_OVERRIDES}`, voice_fallback_method: 'POST' };
}

function statusUrls({ webhooks }: ProvisioningPlace) {
  return { status_callback: `${webhooks}/status${STATUS_OVERRIDES}`, status_callback_method: 'POST' };
}

/** Which of the wanted fields a number lacks, as Twilio's parameters; undefined when none. */
export function missingAt(number: TwilioNumber, wanted: Partial<NumberUrls>): Record<string, string> | undefined {
  const differing = Object.entries(wanted).filter(([name, value]) => (number[name] ?? '') !== value);
  if (differing.length === 0) return undefined;
  return Object.fromEntries(differing.map(([name, value]) => [pascal(name), value]));
}

/** The URLs as they are, to put them back byte for byte. */
export function urlsOf(number: TwilioNumber): NumberUrls {
  const text = (name: keyof NumberUrls) => String(number[name] ?? '');
  return {
    voice_url: text('voice_url'),
    voice_method: text('voice_method') || 'POST',
    voice_fallback_url: text('voice_fallback_url'),
    voice_fallback_method: text('voice_fallback_method') || 'POST',
    status_callback: text('status_callback'),
    status_callback_method: text('status_callback_method') || 'POST',
  };
}

export function parametersOf(urls: Partial<NumberUrls>): Record<string, string> {
  return Object.fromEntries(Object.entries(urls).map(([name, value]) => [pascal(name), value]));
}

function pascal(name: string): string {
  return name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** What keeps the plan from taking effect. */
export function warningsOf(row: NumberRow, place: ProvisioningPlace): RoutingWarning[] {
  if (row.mode === null || row.mode === 'off') return [];
  const number = row.twilio_snapshot as TwilioNumber | null;
  const warnings: RoutingWarning[] = [];
  const warn = (code: RoutingWarning['code'], detail: string) => warnings.push({ code, detail });
  if (row.assistant_id === null)
    warn('no_assistant', 'No assistant is assigned, so the fallback plan takes every call.');
  const fallback = (row.plan as { fallback?: { people?: unknown[]; voicemail?: boolean } } | null)?.fallback;
  if ((fallback?.people?.length ?? 0) === 0 && fallback?.voicemail === false) {
    warn(
      'no_fallback',
      'Without people and without voicemail callers only hear a sentence when the assistant cannot answer.',
    );
  }
  if (place.fallbackUrl === undefined) {
    warn(
      'static_fallback_missing',
      'FALLBACK_URL is not set: callers get no answer while all of AVA is down. Export the documents with `ava fallback export`.',
    );
  }
  if (number === null) return warnings;
  if (number.trunk_sid)
    warn(
      'trunk_overrides',
      'The number belongs to an Elastic SIP trunk, so Twilio ignores its voice URL. Remove it from the trunk.',
    );
  if (number.voice_application_sid) {
    warn(
      'application_overrides',
      'The number belongs to a TwiML application, so Twilio ignores its voice URL. Take the application off.',
    );
  }
  if (row.mode === 'flip' && row.vapi_phone_number_id === null) {
    warn('not_at_vapi', 'The number is not imported into Vapi, so in flip mode nobody answers it.');
  }
  const wanted = desiredUrls(row, place) ?? {};
  if (wanted.voice_url !== undefined && number.voice_url !== wanted.voice_url) {
    warn('voice_url_changed', 'The voice URL at Twilio is not the one that AVA set. AVA will set it again.');
  }
  if (wanted.voice_fallback_url !== undefined && number.voice_fallback_url !== wanted.voice_fallback_url) {
    warn('fallback_url_changed', 'The fallback URL at Twilio is not the one that AVA set. AVA will set it again.');
  }
  return warnings;
}
