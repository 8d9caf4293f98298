/** `ava webhooks list` and `ava webhooks replay`: the ledger of vendors' messages, beside a running server or without one. */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { WEBHOOK_STATES, type WebhookState } from '../features/webhook-inbox/contract.ts';
import { createWebhookInbox, ownerByNumber } from '../features/webhook-inbox/webhook-inbox.ts';
import { createMetrics } from '../metrics.ts';
import { openDatabase, settleConfig } from './settle.ts';

export function registerWebhooks(program: Command): void {
  const webhooks = program.command('webhooks').description("the ledger of vendors' messages");
  webhooks
    .command('list')
    .description('the newest messages of all tenants, and those in quarantine')
    .option('--state <state>', `one of ${WEBHOOK_STATES.join(', ')}`)
    .option('--limit <number>', 'how many', '20')
    .option('--json', 'answer as JSON')
    .action(listCommand);
  webhooks
    .command('replay')
    .description('have messages processed again: those that are named, or all that are dead')
    .argument('[ids...]', 'ids of messages')
    .option('--dead', 'all that were given up')
    .option('--json', 'answer as JSON')
    .action(replayCommand);
}

async function listCommand(options: { state?: string; limit: string; json?: boolean }): Promise<void> {
  const state = options.state as WebhookState | undefined;
  if (state !== undefined && !WEBHOOK_STATES.includes(state))
    throw new Error(`--state: one of ${WEBHOOK_STATES.join(', ')}.`);
  await withInbox(async (inbox) => {
    const { webhooks } = await inbox.list({ state, limit: Number(options.limit) || 20 });
    const lines = webhooks.map((one) =>
      `${one.received_at}  ${one.id}  ${one.vendor} ${one.type}  ${one.state}  ${one.problem ?? ''}`.trimEnd(),
    );
    process.stdout.write(options.json ? `${JSON.stringify({ webhooks })}\n` : `${lines.join('\n') || 'None.'}\n`);
  });
}

async function replayCommand(given: string[], options: { dead?: boolean; json?: boolean }): Promise<void> {
  if (given.length === 0 && options.dead !== true) throw new Error('Name the messages, or say --dead.');
  await withInbox(async (inbox) => {
    const dead =
      options.dead === true ? (await inbox.list({ state: 'dead', limit: 10_000 })).webhooks.map((one) => one.id) : [];
    const ids = [...given, ...dead];
    for (const id of ids) await inbox.replay(id);
    process.stdout.write(
      options.json ? `${JSON.stringify({ replayed: ids })}\n` : `${ids.length} put back to be processed.\n`,
    );
  });
}

async function withInbox(work: (inbox: ReturnType<typeof createWebhookInbox>) => Promise<void>): Promise<void> {
  const { config } = settleConfig();
  const opened = await openDatabase(config);
  try {
    const { db } = opened;
    // The server that runs finds what is due by itself.
    const inbox = createWebhookInbox({
      db,
      clock: systemClock,
      metrics: createMetrics(),
      onKept: () => {},
      onChange: () => {},
      ownerOf: (event) => ownerByNumber(db, event),
    });
    await work(inbox);
  } finally {
    await opened.close();
  }
}
