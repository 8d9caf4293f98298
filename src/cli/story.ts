/** `ava story ID`: everything that AVA keeps under one id, in order; beside a running server or without one. */
import type { Command } from 'commander';
import { pino } from 'pino';
import { systemClock } from '../clock.ts';
import type { Database } from '../db/connect.ts';
import { createCalls } from '../features/calls/calls.ts';
import { createCircuitHistory } from '../features/system/circuit-history.ts';
import type { Story, StoryEntry } from '../features/timeline/contract.ts';
import { createTimeline, type Timeline } from '../features/timeline/timeline.ts';
import { createAdditions } from '../wiring/timeline.ts';
import { EXIT, openDatabase, settleConfig } from './settle.ts';

type Given = { tenant?: string; limit: string; json?: boolean };
type Tenant = { id: string; name: string };
type Told = { tenant: Tenant; story: Story };

export function registerStory(program: Command): void {
  program
    .command('story')
    .description('everything that AVA keeps under one id, in order')
    .argument('<id>', 'a correlation id, a CallSid, a call id of Vapi or AVA, or the id of a message or an effect')
    .option('--tenant <name>', 'look into this tenant alone; by default into all')
    .option('--limit <number>', 'how many entries at most', '1000')
    .option('--json', 'answer as JSON')
    .action(storyCommand);
}

async function storyCommand(id: string, given: Given): Promise<void> {
  const limit = Number(given.limit);
  if (!Number.isInteger(limit) || limit < 1) throw new Error('--limit must be a whole number above 0.');
  const { config } = settleConfig();
  const opened = await openDatabase(config);
  try {
    const tenants = await tenantsOf(opened.db, given.tenant);
    if (tenants.length === 0) throw new Error(`There is no tenant ${given.tenant ?? 'yet'}.`);
    const told: Told[] = [];
    for (const tenant of tenants) {
      const story = await storyIn(timelineOf(opened.db), tenant.id, id, limit);
      if (story !== undefined) told.push({ tenant, story });
    }
    report(id, told, given);
  } finally {
    await opened.close();
  }
}

async function tenantsOf(db: Database, name: string | undefined): Promise<Tenant[]> {
  const all = db.system.selectFrom('tenants').select(['id', 'name']).orderBy('created_at');
  return (name === undefined ? all : all.where('name', '=', name)).execute();
}

function timelineOf(db: Database): Timeline {
  const circuitHistory = createCircuitHistory({ db, clock: systemClock, log: pino({ level: 'silent' }) });
  const calls = createCalls({
    db,
    clock: systemClock,
    publish: () => {},
    afterCall: async () => {},
    additions: createAdditions({ db, circuitHistory }),
  });
  return createTimeline({ db, calls });
}

async function storyIn(timeline: Timeline, tenantId: string, id: string, limit: number): Promise<Story | undefined> {
  try {
    return await timeline.story({ tenantId, id, limit, seesAudit: true, isOperator: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'not_found') return undefined;
    throw error;
  }
}

function report(id: string, told: Told[], { json }: Given): void {
  if (told.length === 0) process.exitCode = EXIT.failed;
  if (json) {
    const stories = told.map(({ tenant, story }) => ({ tenant, ...story }));
    process.stdout.write(`${JSON.stringify({ id, stories }, null, 2)}\n`);
  } else if (told.length === 0) {
    process.stderr.write(
      `ava story: nothing is kept under ${id}. A request that only reads leaves no more than its log line: grep the log for the id.\n`,
    );
  } else {
    process.stdout.write(told.map(textOf).join('\n'));
  }
}

function textOf({ tenant, story }: Told): string {
  const calls = story.calls.map(
    (call) =>
      `  ${call.direction} call ${call.id}, ${call.status}${call.outcome === null ? '' : `, ${call.outcome}`}` +
      `${call.twilio_call_sid === null ? '' : `, Twilio ${call.twilio_call_sid}`}` +
      `${call.vapi_call_id === null ? '' : `, Vapi ${call.vapi_call_id}`}`,
  );
  const more =
    story.truncated || story.next_cursor !== null ? ['  There is more: ask for one call, or raise --limit.'] : [];
  return `${[`${tenant.name}: ${story.id}`, ...calls, '', ...story.entries.map(lineOf), ...more].join('\n')}\n`;
}

const KIND_WIDTH = 15;

function lineOf({ at, kind, text, ids }: StoryEntry): string {
  const under = ids.correlation_id === undefined ? '' : `  [${ids.correlation_id}]`;
  return `${at.replace('T', ' ')}  ${kind.padEnd(KIND_WIDTH)}  ${text}${under}`;
}
