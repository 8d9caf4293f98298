/** `ava watch`: looks at an installation for a while and says whether a release kept its promises. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { EXIT } from './settle.ts';
import { readMetrics } from './verify/metrics-page.ts';
import { paceRules } from './verify/pace.ts';
import { createProbe, type Probe, Unreachable } from './verify/probe.ts';
import type { Criterion } from './verify/counters.ts';
import { beginWatch, judgeWatch, lookPaced, readCounters, verdictOf, type WatchState } from './verify/watch-gate.ts';

/** Nothing failed, but something could not be measured. */
const EXIT_HOLD = 3;

type Given = { for: string; every: string; url: string; state: string; metricsToken?: string; json?: boolean };

export function registerWatch(program: Command): void {
  program
    .command('watch')
    .description(
      'watch an installation; exit 0 when every promise was kept, 1 when one was broken, 3 when there was too little to judge',
    )
    .option('--for <time>', 'how long: 10m, 1h, 24h', '1h')
    .option('--every <time>', 'time between two looks', '15s')
    .option('--url <address>', 'where AVA answers', 'http://127.0.0.1:8000')
    .option('--state <file>', 'what is known so far; a watch that was interrupted goes on from it', '.ava-watch.json')
    .option('--metrics-token <token>', 'where METRICS_TOKEN is set')
    .option('--json', 'answer as JSON')
    .action(watchCommand);
}

async function watchCommand(given: Given): Promise<void> {
  const [forMs, everyMs] = [durationOf(given.for), durationOf(given.every)];
  if (forMs === undefined || everyMs === undefined) {
    process.stderr.write('ava watch: --for and --every take 30s, 10m, 1h or 1d.\n');
    process.exitCode = EXIT.usage;
    return;
  }
  const probe = createProbe(given.url);
  let state = recall(given);
  for (;;) {
    state = await lookOnce(probe, given, state, { everyMs, forMs });
    keep(given.state, state);
    const isOver = state.watchedMs >= forMs;
    const criteria = judgeWatch(state);
    const verdict = verdictOf(criteria, isOver);
    if (verdict !== 'watching') return finish(given, state, criteria, verdict);
    if (!given.json) progress(state, forMs);
    await wait(Math.max(1, Math.min(everyMs, forMs - state.watchedMs)));
  }
}

async function lookOnce(
  probe: Probe,
  given: Given,
  state: WatchState | undefined,
  { everyMs, forMs }: { everyMs: number; forMs: number },
): Promise<WatchState> {
  const now = new Date();
  try {
    const page = await probe.ask('GET', '/metrics', { token: given.metricsToken });
    const health = await probe.ask('GET', '/healthz');
    if (page.status !== 200) throw new Unreachable(`/metrics answered ${page.status}`);
    const seen = { counters: readCounters(readMetrics(page.text)), version: String(health.json?.version), now };
    if (state === undefined) return beginWatch(given.url, seen.counters, seen.version, now);
    return lookPaced(state, { ...seen, countedMs: everyMs * 2 }, paceRules(forMs));
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    if (state === undefined) throw new Error(`${given.url} cannot be watched: ${error.message}`, { cause: error });
    return { ...state, missed: state.missed + 1 };
  }
}

function finish(given: Given, state: WatchState, criteria: Criterion[], verdict: 'pass' | 'fail' | 'hold'): void {
  const minutes = Math.round(state.watchedMs / 6000) / 10;
  if (given.json) {
    process.stdout.write(
      `${JSON.stringify({ verdict, minutes, version: state.versions.at(-1), criteria }, null, 2)}\n`,
    );
  } else {
    if (process.stdout.isTTY) process.stdout.write('\r\u001b[2K');
    for (const { name, state: word, detail } of criteria)
      process.stdout.write(`${word.padEnd(4)}  ${name}: ${detail}\n`);
    process.stdout.write(`${verdict} after ${minutes} min\n`);
  }
  // A verdict was given: the next watch begins anew.
  renameSync(given.state, `${given.state}.done`);
  process.exitCode = verdict === 'pass' ? EXIT.ok : verdict === 'fail' ? EXIT.failed : EXIT_HOLD;
}

function progress(state: WatchState, forMs: number): void {
  if (!process.stdout.isTTY) return;
  const part = Math.min(100, Math.floor((state.watchedMs / forMs) * 100));
  process.stdout.write(`\r\u001b[2Kwatching ${state.url}: ${part} %, ${state.grown['requests'] ?? 0} requests`);
}

function recall({ state, url }: Given): WatchState | undefined {
  if (!existsSync(state)) return undefined;
  const known = JSON.parse(readFileSync(state, 'utf8')) as WatchState;
  return known.url === url ? known : undefined;
}

/** Written beside and moved over, so that a watch killed in the middle leaves a whole file. */
function keep(file: string, state: WatchState): void {
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationOf(text: string): number | undefined {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  return match === null ? undefined : Number(match[1]) * UNIT_MS[match[2]!]!;
}
