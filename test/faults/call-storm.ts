/**
 * Callers through everything that breaks: Vapi fails in turn in every way it can, and AVA is killed and started again
 * while the phones go on ringing. Whoever rings while it is dead reaches the static fallback, on a host of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../../src/simulator/faults.ts';
import type { CallResult, CallScript } from '../../src/simulator/telephony/call.ts';
import { startTelephone, type Telephone } from '../harness/telephone.ts';

export type StormOrder = {
  calls: number;
  kills: number;
  /** Between two callers, on average. */
  everyMs: number;
  random(): number;
  /** A database of the caller's own; missing: one of the run of the tests. */
  databaseUrl?: string;
};

export type StormReport = {
  results: CallResult[];
  kills: number;
  /** Calls that the static host answered, because AVA was dead. */
  whileDead: number;
  /** Of the calls that AVA does not have, or not as ended, once it has compared itself with the vendors. */
  unaccounted(): Promise<string[]>;
};

type Phase = { name: string; faults: Omit<Fault, 'vendor'>[] };

/**
 * A stream that hangs when it is opened is Twilio's to give up, after its own five seconds: so a hang is of what AVA asks.
 * Everything else meets the sound of the talks too.
 */
const PHASES: Phase[] = [
  { name: 'sound', faults: [] },
  { name: '500', faults: [{ kind: 'status', status: 500 }] },
  { name: 'sound again', faults: [] },
  { name: 'hang', faults: ['GET *', 'POST *', 'PATCH *'].map((operation) => ({ kind: 'hang', operation })) },
  { name: 'accepted, then closed', faults: [{ kind: 'reset' }] },
  { name: 'half', faults: [{ kind: 'status', status: 503, rate: 0.5 }] },
  { name: 'refused', faults: [{ kind: 'refused' }] },
  { name: 'nonsense', faults: [{ kind: 'malformed_json' }] },
];

export async function runCallStorm(order: StormOrder, work: (report: StormReport) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(path.join(tmpdir(), 'ava-call-storm-'));
  const host = await openStaticHost(dir);
  const telephone = await startTelephone({
    env: { FALLBACK_URL: host.url, CIRCUIT_BREAKER_RECOVERY_TIMEOUT: '2' },
    simulator: { vapiConcurrency: 10_000 },
    ...(order.databaseUrl !== undefined && { databaseUrl: order.databaseUrl }),
  });
  try {
    await telephone.route();
    const { code, stderr } = await telephone.ava.cli('fallback', 'export', dir);
    if (code !== 0) throw new Error(`ava fallback export: ${stderr}`);
    const results = await storm(telephone, order);
    await work({
      results,
      kills: order.kills,
      whileDead: results.filter(({ problems }) => problems.some((one) => one.url.includes('/webhooks/'))).length,
      unaccounted: () => findUnaccounted(telephone, results),
    });
  } finally {
    await telephone.stop();
    await host.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function storm(telephone: Telephone, { calls, kills, everyMs, random }: StormOrder): Promise<CallResult[]> {
  const { control } = telephone.ava.simulator;
  const running: Promise<CallResult>[] = [];
  const victim = createVictim(telephone);
  let phase = -1;
  for (let index = 0; index < calls; index += 1) {
    const next = Math.floor((index / calls) * PHASES.length);
    if (next !== phase) {
      phase = next;
      control.clearFaults('vapi');
      for (const fault of PHASES[phase]!.faults) control.addFault({ vendor: 'vapi', ...fault });
    }
    if (Math.floor(((index + 0.5) / calls) * kills) > Math.floor(((index - 0.5) / calls) * kills)) victim.kill();
    await victim.mayRing();
    running.push(control.placeCall({ to: telephone.number, script: callerOf(index, random) }));
    await wait(random() * 2 * everyMs);
  }
  const results = await Promise.all(running);
  control.clearFaults('vapi');
  await victim.returned();
  return results;
}

/** A slow machine takes long to bring AVA back: so many ring while it is dead, and the others wait for it. */
const RING_WHILE_DEAD = 5;

function createVictim({ ava }: Telephone) {
  let back = Promise.resolve();
  let isDead = false;
  let rung = 0;
  return {
    /** Not awaited: the phones go on ringing. */
    kill() {
      isDead = true;
      rung = 0;
      back = ava.restart('SIGKILL').then(() => void (isDead = false));
    },
    async mayRing() {
      rung += 1;
      if (isDead && rung > RING_WHILE_DEAD) await back;
    },
    returned: () => back,
  };
}

/** The assistant leaves every sixth caller, also while all is well: what AVA does then is what they hear as silence. */
function callerOf(index: number, random: () => number): CallScript {
  if (index % 6 === 0) return { says: ['Hello', 'Are you there?'], aiDiesAfterSeconds: 3 };
  const kind = random();
  if (kind < 0.2) return { says: ['Hello'], endedBy: 'assistant' };
  return { says: ['I would like to move my appointment'] };
}

async function findUnaccounted(telephone: Telephone, results: CallResult[]): Promise<string[]> {
  const ended = new Set<string>();
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const page: any = await telephone.json(`/calls?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    for (const call of page.calls) if (call.status === 'ended') ended.add(call.twilio_call_sid);
    cursor = page.next_cursor ?? undefined;
  }
  return results.map(({ callSid }) => callSid).filter((sid) => !ended.has(sid));
}

/** Any static host: it gives files to whoever asks. */
async function openStaticHost(dir: string): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const name = path.basename(new URL(request.url ?? '/', 'http://host').pathname);
    readFile(path.join(dir, name)).then(
      (content) => response.setHeader('content-type', 'text/xml').end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
