import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { Status } from '../simulator/strings.ts';
import { type ControlClient, createControlClient } from '../simulator/control-client.ts';
import type { DayRun, ScriptRun } from '../simulator/stories.ts';
import type { CallResult } from '../simulator/telephony/call.ts';
import { ROOT } from '../root.ts';
import { serveSimulator } from './simulate-serve.ts';

type Shared = { control: string; json?: boolean };

const usualControl = () => Promise.resolve('http://127.0.0.1:8100');

/**
 * `ava simulate …`: the twins alone, and the strings of the ones that run. `findControl` tells the address of the
 * control API when the command line does not.
 */
export function registerSimulate(program: Command, findControl: () => Promise<string> = usualControl): void {
  const simulate = program
    .command('simulate')
    .description('simulated Vapi and Twilio: run them, ring them, break them');

  simulate
    .command('serve')
    .description('run the twins alone; the vendors take the ports after the control port')
    .option('--port <port>', 'port of the control API', whole, 8100)
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--seed <number>', 'the same seed gives the same keys, numbers and callers', whole, 1)
    .option('--speed <factor>', 'how many times faster people talk and outages pass', above0, 1)
    .option('--env', 'print KEY=value lines that point AVA at the twins, and nothing else')
    .option('--json', 'print one JSON object')
    .action(serveSimulator);

  const shared = (name: string, description: string) =>
    simulate
      .command(name)
      .description(description)
      .option('--control <url>', 'control API of the simulator; that of `ava demo` when missing')
      .option('--json', 'print JSON')
      .hook('preAction', async (command) => {
        if (command.getOptionValue('control') === undefined) command.setOptionValue('control', await findControl());
      });

  shared('call', 'let a caller ring, and show what the caller heard')
    .option('--to <number>', 'which of our numbers; the first that can ring when missing')
    .option('--from <number>', 'the caller')
    .option('--says <sentences...>', 'what the caller says, one sentence after each answer')
    .action(call);

  shared('day', 'let many callers ring, one after the other; exits 1 when one of them heard an error')
    .requiredOption('--calls <count>', 'how many', whole)
    .option('--to <numbers...>', 'which of our numbers')
    .option('--every <duration>', 'time between two callers, on average', duration)
    .option('--at-once <count>', 'how many are on the line at a time, at most', whole)
    .action(day);

  shared('outage', 'break a vendor')
    .argument('<vendor>', 'vapi, twilio, slack, pagerduty, resend, google, microsoft or smtp')
    .option('--for <duration>', 'how long, such as 60s, 5m or 4h; until `restore` when missing', duration)
    .option('--kind <kind>', 'status, hang, refused, reset, latency, html, …')
    .option('--status <status>', 'the status to answer', whole)
    .option('--drop-calls', 'conversations that are on lose their sound')
    .action(outage);

  shared('restore', 'end every fault of a vendor').argument('<vendor>').action(restore);

  shared('script', 'play a script, step by step; exits 1 when a caller heard an error')
    .argument('<file>', 'a JSON file, or the name of one that AVA brings along, such as vapi-four-hours')
    .option('--speed <factor>', 'how many times faster than the clock', above0)
    .action(script);

  shared('status', 'what the twins are doing').action(status);
}

type CallOptions = Shared & { to?: string; from?: string; says?: string[] };

async function call({ control, json, to, from, says }: CallOptions): Promise<void> {
  const result = await createControlClient(control).send<CallResult>('POST', '/control/calls', {
    ...(to && { to }),
    ...(from && { from }),
    ...(says && { script: { says } }),
  });
  if (json) print(result);
  else {
    for (const { atMs, kind, text } of result.transcriptOfWhatTheCallerHeard) {
      say(`${(atMs / 1000).toFixed(1).padStart(7)} s  ${kind.padEnd(9)} ${text}`);
    }
    for (const { code, message, url } of result.problems) say(`Twilio ${code}: ${message} ${url}`);
    say(`${result.from} rang ${result.to}: ${result.outcome}, longest silence ${result.longestSilenceMs} ms`);
  }
  if (result.heardError) process.exitCode = 1;
}

type DayOptions = Shared & { calls: number; to?: string[]; every?: number; atOnce?: number };

async function day({ control, json, calls, to, every, atOnce }: DayOptions): Promise<void> {
  const client = createControlClient(control);
  const started = await client.send<DayRun>('POST', '/control/days', {
    calls,
    ...(to && { to }),
    ...(every !== undefined && { everySeconds: every / 1000 }),
    ...(atOnce !== undefined && { atOnce }),
  });
  const run = await follow<DayRun>(client, `/control/days/${started.id}`, ({ done }) => `${done} of ${calls} calls`);
  if (json) print(run);
  else showDay(run);
  if (run.heardError > 0) process.exitCode = 1;
}

type OutageOptions = Shared & { for?: number; kind?: string; status?: number; dropCalls?: boolean };

async function outage(vendor: string, options: OutageOptions): Promise<void> {
  const { control, json, kind, status: code, dropCalls, for: forMs } = options;
  const { id } = await createControlClient(control).send<{ id: string }>('POST', '/control/outages', {
    vendor,
    ...(forMs !== undefined && { forMs }),
    ...(kind && { kind }),
    ...(code !== undefined && { status: code }),
    ...(dropCalls && { dropsLiveCalls: true }),
  });
  if (json) print({ id, vendor });
  else if (forMs === undefined) say(`${vendor} is out until \`ava simulate restore ${vendor}\``);
  else say(`${vendor} is out for ${forMs / 1000} s`);
}

async function restore(vendor: string, { control, json }: Shared): Promise<void> {
  const left = await createControlClient(control).send('DELETE', `/control/outages/${encodeURIComponent(vendor)}`);
  if (json) print(left);
  else say(`${vendor} is back`);
}

async function script(file: string, { control, json, speed }: Shared & { speed?: number }): Promise<void> {
  const given = JSON.parse(await readFile(scriptPath(file), 'utf8')) as object;
  const client = createControlClient(control);
  const body = { ...given, ...(speed !== undefined && { speed }) };
  const started = await client.send<ScriptRun>('POST', '/control/scripts', body);
  let shown = 0;
  const run = await follow<ScriptRun>(client, `/control/scripts/${started.id}`, (now) => {
    for (; shown < now.says.length; shown++) process.stderr.write(`\r${now.says[shown]}\n`);
    return `step ${now.step} of ${now.steps}, ${now.days.reduce((sum, one) => sum + one.done, 0)} calls`;
  });
  if (json) print(run);
  else run.days.forEach(showDay);
  if (run.error) throw new Error(run.error);
  if (run.days.some(({ heardError }) => heardError > 0)) process.exitCode = 1;
}

function scriptPath(file: string): string {
  if (file.includes('/') || file.includes('.')) return file;
  return path.join(ROOT, 'src/simulator/scripts', `${file}.json`);
}

async function status({ control, json }: Shared): Promise<void> {
  const now = await createControlClient(control).get<Status>('/control/status');
  if (json) return print(now);
  say(`Simulator at ${control}: seed ${now.seed}, ${now.speed}× speed`);
  say(`Calls    ${now.calls.live} on, ${now.calls.done} done ${JSON.stringify(now.calls.outcomes)}`);
  say(`Requests ${JSON.stringify(now.requests)}`);
  say(`Inboxes  ${JSON.stringify(now.inboxes)}`);
  if (now.faults.length === 0) say('Faults   none');
  for (const { vendor, kind, operation, hits } of now.faults) {
    say(`Fault    ${vendor} ${kind} ${operation ?? 'everything'}, met ${hits} times`);
  }
}

const POLL_MS = 250;

/** Waits until a run is done, and shows how it gets on where a person looks. */
async function follow<T extends { isDone: boolean }>(
  client: ControlClient,
  path: string,
  progress: (run: T) => string,
): Promise<T> {
  for (;;) {
    const run = await client.get<T>(path);
    const line = progress(run);
    if (process.stderr.isTTY) process.stderr.write(`\r${line}`);
    if (run.isDone) {
      if (process.stderr.isTTY) process.stderr.write('\n');
      return run;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function showDay({ done, outcomes, heardError, longestSilenceMs }: DayRun): void {
  say(
    `${done} calls: ${Object.entries(outcomes)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
  );
  say(`${heardError} heard an error; the longest silence was ${longestSilenceMs} ms`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function print(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function above0(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be above 0.');
  return value;
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** In milliseconds. */
function duration(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (!found) throw new InvalidArgumentError('Write it as 500ms, 60s, 5m or 4h.');
  return Number(found[1]) * (UNITS[found[2] ?? 's'] ?? 1000);
}
