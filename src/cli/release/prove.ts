/** Which version answers, asked of every replica until all say the same, or the time is over. */
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { nameOf } from './plan.ts';
import type { Build, Place } from './targets/target.ts';

export type Health = { version: string; commit: string; startedAt: string; isReady: boolean };

export type Proof = { isProved: boolean; detail: string };

const PAUSE_MS = 200;
const ANSWER_MS = 5_000;

/** Asks over a new connection each time, so that a balancer shows another replica. Undefined: no answer that says so. */
export async function askHealth(url: string): Promise<Health | undefined> {
  const health = await get(`${url}/healthz`);
  const { version, commit, started_at: startedAt } = (health?.json ?? {}) as Record<string, unknown>;
  if (health?.status !== 200 || typeof version !== 'string' || typeof commit !== 'string') return undefined;
  const ready = await get(`${url}/readyz`);
  return { version, commit, startedAt: String(startedAt), isReady: ready?.status === 200 };
}

export async function proveVersion(given: {
  build: Build;
  places: readonly Place[];
  /** How many processes answer at one address; each has its own time of start. */
  processes: number;
  limitMs: number;
  signal?: AbortSignal | undefined;
}): Promise<Proof> {
  const endMs = performance.now() + given.limitMs;
  for (;;) {
    const proofs = await Promise.all(given.places.map((place) => proveOnce(place, given)));
    const isProved = proofs.every((proof) => proof.isProved);
    const shown = isProved ? proofs : proofs.filter((proof) => !proof.isProved);
    const detail = shown.map((proof) => proof.detail).join('; ');
    if (isProved || performance.now() > endMs || given.signal?.aborted) return { isProved, detail };
    await wait(PAUSE_MS);
  }
}

async function proveOnce(
  { name, url }: Place,
  { build, processes }: { build: Build; processes: number },
): Promise<Proof> {
  const seen: (Health | undefined)[] = [];
  const asks = processes === 1 ? 1 : processes * 6;
  while (seen.length < asks) {
    const health = await askHealth(url);
    seen.push(health);
    if (health === undefined || !isBuild(health, build) || !health.isReady)
      return { isProved: false, detail: doubt(name, health, build) };
  }
  const starts = new Set(seen.map((health) => health?.startedAt)).size;
  if (starts >= processes) return { isProved: true, detail: `${name} answers as ${nameOf(build)}${times(starts)}` };
  return { isProved: false, detail: `${name}: only ${starts} of ${processes} replicas were seen` };
}

function times(starts: number): string {
  return starts === 1 ? '' : `, ${starts} replicas were seen`;
}

function doubt(name: string, health: Health | undefined, build: Build): string {
  if (health === undefined) return `${name} does not answer`;
  const is = nameOf({ version: health.version, commit: health.commit });
  if (!isBuild(health, build)) return `${name} says that it is ${is}, not ${nameOf(build)}`;
  return `${name} is ${is}, but not ready`;
}

export function isBuild({ version, commit }: Pick<Health, 'version' | 'commit'>, build: Build): boolean {
  if (version !== build.version) return false;
  return build.commit === undefined || commit.startsWith(build.commit) || build.commit.startsWith(commit);
}

function get(url: string): Promise<{ status: number; json: unknown } | undefined> {
  return new Promise((resolve) => {
    const send = url.startsWith('https:') ? secure : plain;
    const sent = send(url, { agent: false, timeout: ANSWER_MS }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += String(chunk)));
      answer.once('error', () => resolve(undefined));
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, json: parsed(text) }));
    });
    sent.once('timeout', () => sent.destroy());
    sent.once('error', () => resolve(undefined));
    sent.end();
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
