/** `ava verify`: proves over HTTP, line by line, that an installation keeps the promises of the deployment guide. */
import { existsSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Check, VerificationBody } from '../features/releases/contract.ts';
import { EXIT } from './settle.ts';
import type { VerifyContext, VerifyOptions } from './verify/context.ts';
import { createProbe, type Probe, Unreachable } from './verify/probe.ts';
import { type Guide, mapGuide, stateOfLine } from './verify/guide.ts';
import { htmlOf } from './verify/report-html.ts';
import { guideTable, liveTable, SILENT, summaryOf } from './verify/report-table.ts';
import { junitOf } from './verify/report-xml.ts';
import type { CheckDefinition } from './verify/run.ts';
import { createSessions } from './verify/session.ts';
import { SMOKE_CHECKS } from './verify/smoke.ts';
import { runWhole } from './verify/whole-run.ts';

type Given = {
  smoke?: boolean;
  url: string;
  token?: string;
  limit: string;
  json?: boolean;
  junit?: string;
  html?: string;
  log?: string;
  record?: boolean;
  expectVersion?: string;
  expectCommit?: string;
  metricsToken?: string;
  browser?: string;
};

export function registerVerify(program: Command): void {
  program
    .command('verify')
    .description('prove over HTTP that an installation keeps what the deployment guide promises')
    .argument('[guide]', 'a guide in Markdown; its commands and targets are mapped to checks')
    .option('--smoke', 'only the eight smoke checks')
    .option('--url <address>', 'where AVA answers', 'http://127.0.0.1:8000')
    .option('--token <token>', 'access token, as `ava token` prints it; by default AVA_TOKEN')
    .option('--limit <number>', 'requests a minute that one user may make', '10')
    .option('--log <file>', "the server's log file, where it can be read from here")
    .option('--expect-version <version>', 'fail when another version answers')
    .option('--expect-commit <commit>', 'fail when another commit answers')
    .option('--metrics-token <token>', 'where METRICS_TOKEN is set')
    .option('--browser <file>', 'the Chromium or Chrome that looks at the dashboard; by default one that is installed')
    .option('--json', 'answer as JSON')
    .option('--junit <file>', 'write the result as JUnit')
    .option('--html <file>', 'write one page with all evidence')
    .option('--record', 'keep the run in AVA, for the page of releases; needs the token of an operator')
    .action(async (guide: string | undefined, given: Given) => verifyCommand(guide, given));
}

async function verifyCommand(guide: string | undefined, given: Given): Promise<void> {
  const options = optionsOf(given);
  if (typeof options === 'string') return refuse(options);
  const probe = createProbe(options.url);
  const sessions = createSessions(probe, options.token);
  try {
    await probe.ask('GET', '/healthz');
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return refuse(`${options.url} cannot be reached: ${error.message}`);
  }
  const mapped = await guideOf(guide);
  if (typeof mapped === 'string') return refuse(mapped);
  const checks = mapped?.checks ?? (await checksOf(given));
  const run = await runAll(checks, { probe, sessions, options }, given);
  report(run, given, mapped);
  if (given.record) await record(run, probe, options);
}

async function checksOf(given: Given): Promise<readonly CheckDefinition<VerifyContext>[]> {
  return given.smoke ? SMOKE_CHECKS : (await import('./verify/full.ts')).FULL_CHECKS;
}

/** What the guide asks for, or why it cannot be read. */
async function guideOf(file: string | undefined): Promise<Guide | string | undefined> {
  if (file === undefined) return undefined;
  if (!existsSync(file)) return `There is no file ${file}.`;
  const { FULL_CHECKS } = await import('./verify/full.ts');
  const guide = mapGuide(file, FULL_CHECKS);
  return guide.lines.length === 0 ? `${file} has neither commands nor targets.` : guide;
}

async function runAll(
  checks: readonly CheckDefinition<VerifyContext>[],
  context: VerifyContext,
  given: Given,
): Promise<VerificationBody> {
  const startedAt = new Date();
  const interrupted = () => void context.sessions.closeAll().finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  const progress = given.json ? SILENT : liveTable(process.stdout);
  const done = await runWhole(checks, context, progress).finally(() => process.off('SIGINT', interrupted));
  const health = await context.probe.ask('GET', '/healthz').catch(() => undefined);
  return {
    kind: given.smoke ? 'smoke' : 'full',
    target: context.options.url,
    version: health?.json?.version ?? null,
    commit: health?.json?.commit ?? null,
    started_at: startedAt.toISOString(),
    finished_at: new Date().toISOString(),
    checks: done,
  };
}

function report(run: VerificationBody, given: Given, guide: Guide | undefined): void {
  const hasFailed = run.checks.some((check) => check.state === 'failed');
  if (given.junit !== undefined) writeFileSync(given.junit, junitOf(run));
  if (given.html !== undefined) writeFileSync(given.html, htmlOf(run, guide));
  const count = (state: Check['state']) => run.checks.filter((check) => check.state === state).length;
  if (given.json) {
    const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
    const lines =
      guide === undefined
        ? {}
        : { guide: guide.lines.map((line) => ({ ...line, state: stateOfLine(line, run.checks) })) };
    process.stdout.write(`${JSON.stringify({ ok: !hasFailed, ...counts, ...run, ...lines }, null, 2)}\n`);
  } else {
    if (guide !== undefined) process.stdout.write(guideTable(guide, run.checks));
    process.stdout.write(`${summaryOf(run.checks)}\n`);
  }
  process.exitCode = hasFailed ? EXIT.failed : EXIT.ok;
}

async function record(run: VerificationBody, probe: Probe, { token }: VerifyOptions): Promise<void> {
  const answer = await probe.ask('POST', '/api/v1/ops/verifications', { token, body: run });
  if (answer.status === 201) return;
  const said = String(answer.json?.detail ?? answer.text).slice(0, 500);
  const why =
    answer.status === 403 ? 'only operators may record runs' : `the server answered ${answer.status}: ${said}`;
  process.stderr.write(`ava: the run could not be recorded: ${why}\n`);
  process.exitCode = EXIT.failed;
}

function optionsOf(given: Given): VerifyOptions | string {
  const token = given.token ?? process.env['AVA_TOKEN'];
  if (token === undefined || token === '') return 'Pass --token, for instance --token "$(ava token --email you@…)".';
  if (!/^https?:\/\//.test(given.url) || !URL.canParse(given.url)) return `--url ${given.url} is not an http address.`;
  const limit = Number(given.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) return '--limit must be a whole number from 1 to 500.';
  return {
    url: given.url.replace(/\/$/, ''),
    token: token.trim(),
    limit,
    expectVersion: given.expectVersion,
    expectCommit: given.expectCommit,
    metricsToken: given.metricsToken,
    logFile: given.log,
    browser: given.browser,
  };
}

function refuse(why: string): void {
  process.stderr.write(`ava verify: ${why}\n`);
  process.exitCode = EXIT.usage;
}
