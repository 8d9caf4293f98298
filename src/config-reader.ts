/**
 * How the list in config.ts is read: both spellings, contradictions, near misses, where each value came from.
 * Knows nothing of any single setting.
 */
import type { z } from 'zod';

export type Setting = {
  name: string;
  /** Other accepted names. */
  aliases?: readonly string[];
  /** Also accepted with the prefix `AVA_API_`. */
  prefixed?: boolean;
  schema: z.ZodType;
  default?: string;
  secret?: boolean;
  doc: string;
};

/** One effective value as it may be logged: secrets show their last 4 characters. */
export type EffectiveValue = { name: string; value: string; source: string };

export type ConfigResult<C> =
  | { ok: true; config: C; effective: EffectiveValue[]; warnings: string[] }
  | { ok: false; problems: string[]; warnings: string[] };

type Rules<C> = { complete: (values: Record<string, unknown>) => C; contradictions: (config: C) => string[] };

export function readConfig<C>(
  settings: Record<string, Setting>,
  env: Record<string, string | undefined>,
  rules: Rules<C>,
): ConfigResult<C> {
  const problems: string[] = [];
  const effective: EffectiveValue[] = [];
  const values: Record<string, unknown> = {};

  for (const [key, setting] of Object.entries(settings)) {
    const found = readOne(setting, env);
    if ('problem' in found) {
      problems.push(found.problem);
      continue;
    }
    values[key] = found.value;
    effective.push({ name: setting.name, value: shown(setting, found.text), source: found.source });
  }

  const warnings = nearMisses(settings, env);
  if (problems.length > 0) {
    // Rules look only at settings that could be read: a broken one is absent, not missing twice.
    problems.push(...contradictionsBesides(problems, rules.contradictions(rules.complete(values))));
    return { ok: false, problems, warnings };
  }
  const config = rules.complete(values);
  const contradictions = rules.contradictions(config);
  if (contradictions.length > 0) return { ok: false, problems: contradictions, warnings };
  return { ok: true, config, effective, warnings };
}

type Found = { value: unknown; text: string | undefined; source: string } | { problem: string };

function readOne(setting: Setting, env: Record<string, string | undefined>): Found {
  // An empty variable is an unset one: that is how compose files and platforms pass "nothing".
  const given = namesOf(setting).filter((name) => env[name] !== undefined && env[name] !== '');
  const [first, second] = given;
  if (first !== undefined && second !== undefined && env[first] !== env[second]) {
    return { problem: `${first} and ${second} are both set and differ: keep one of them.` };
  }
  const text = first === undefined ? setting.default : env[first];
  const parsed = setting.schema.safeParse(text);
  if (!parsed.success) {
    const reason = parsed.error.issues[0]?.message ?? 'is not valid';
    return {
      problem: `${first ?? setting.name} ${reason.replace(/^Invalid (input|option)/, 'is not valid')}. ${setting.doc}`,
    };
  }
  return { value: parsed.data, text, source: sourceOf(setting, first) };
}

function sourceOf(setting: Setting, variable: string | undefined): string {
  if (variable !== undefined) return `environment ${variable}`;
  return setting.default === undefined ? 'not set' : 'default';
}

function namesOf(setting: Setting): string[] {
  const prefixed = setting.prefixed ? [`AVA_API_${setting.name}`] : [];
  return [setting.name, ...(setting.aliases ?? []), ...prefixed];
}

function contradictionsBesides(problems: string[], found: string[]): string[] {
  const named = new Set(problems.map((problem) => problem.split(' ')[0]));
  return found.filter((problem) => !named.has(problem.split(' ')[0]));
}

/** `***` and the last 4 characters; short secrets show nothing. */
export function maskSecret(secret: string): string {
  return secret.length < 12 ? '***' : `***${secret.slice(-4)}`;
}

function shown(setting: Setting, text: string | undefined): string {
  if (text === undefined || text === '') return '';
  if (!setting.secret) return text;
  try {
    const address = new URL(text);
    if (address.password === '' && address.pathname.length < 2) return text;
  } catch {
    return maskSecret(text);
  }
  return maskSecret(text);
}

const OURS =
  /^(AVA_|VAPI_|TWILIO_|CIRCUIT_|RATE_|INTEGRATIONS_|SMTP_|RESEND_|SLACK_|PAGERDUTY_|ALERT_|SUPPORT_|GOOGLE_|MICROSOFT_|REDIS_|DATABASE_|PUBLIC_|TRUST_|SHUTDOWN_|METRICS_|LOG_|EMAIL_)/;

function nearMisses(settings: Record<string, Setting>, env: Record<string, string | undefined>): string[] {
  const known = Object.values(settings).flatMap(namesOf);
  const unknown = Object.keys(env).filter((name) => !known.includes(name) && name.length >= 6);
  return unknown.flatMap((name) => {
    const most = OURS.test(name) ? 2 : 1;
    const near = known.find(
      (candidate) => candidate.length >= 6 && mayBeNear(name, candidate, most) && distance(name, candidate) <= most,
    );
    return near === undefined ? [] : [`${name} is not a setting of AVA. Did you mean ${near}?`];
  });
}

/** Cheaply tells most names apart: `most` edits change the length, and the letters, by so much and no more. */
function mayBeNear(a: string, b: string, most: number): boolean {
  if (Math.abs(a.length - b.length) > most) return false;
  const missing = [...new Set(a)].filter((letter) => !b.includes(letter)).length;
  return missing <= most;
}

/** Edits (insert, delete, replace, swap of neighbours) between two names. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j += 1) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const replace = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = best;
    }
  }
  return rows[a.length]![b.length]!;
}
