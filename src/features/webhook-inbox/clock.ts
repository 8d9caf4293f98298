/**
 * Wakes the processing as soon as something was kept, here or on another replica, and looks by itself now and then. In a
 * flow of webhooks rounds begin some way apart: one costs as many statements for a hundred messages as for one.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Log } from '../../log.ts';
import type { Processing } from './processing.ts';

export type InboxClock = {
  /** Something was kept for these tenants. */
  wake(tenantIds: string[]): void;
  start(): void;
  /** Resolves when what runs has finished. */
  stop(): Promise<void>;
};

const CHANNEL = 'ava_webhooks';
const LOOK_EVERY_MS = 2_000;
const TELL_AT_MOST_EVERY_MS = 50;
/** So old must a round be that found something, before the next one begins. Whoever comes alone waits for nothing. */
const GATHER_MS = 100;

export function createInboxClock(deps: { db: Database; clock: Clock; log: Log; processing: Processing }): InboxClock {
  const { db, clock, log, processing } = deps;
  let isRunning = false;
  let isStarted = false;
  let again = false;
  let running: Promise<void> = Promise.resolve();
  let cancelTimer = () => {};
  let stopListening: Promise<() => Promise<void>> | undefined;
  let isTelling = false;
  let gatherUntilMs = -Infinity;
  let endGathering = () => {};

  function look(): void {
    if (!isStarted) return;
    if (isRunning) {
      again = true;
      return;
    }
    isRunning = true;
    running = lookUntilDone();
  }

  async function lookUntilDone(): Promise<void> {
    do {
      await gather();
      again = false;
      const begunMs = clock.monotonicMs();
      if ((await round()) > 0) gatherUntilMs = begunMs + GATHER_MS;
    } while (again && isStarted);
    isRunning = false;
  }

  async function gather(): Promise<void> {
    const leftMs = gatherUntilMs - clock.monotonicMs();
    if (leftMs <= 0) return;
    await new Promise<void>((resolve) => {
      endGathering = resolve;
      clock.setTimer(leftMs, resolve);
    });
  }

  /** Resolves to how many messages were done. */
  async function round(): Promise<number> {
    if (!isStarted) return 0;
    return await processing.run().catch((error: unknown) => {
      log.warn({ err: error }, 'Webhook events wait: processing failed');
      return 0;
    });
  }

  function tick(): void {
    cancelTimer = clock.setTimer(LOOK_EVERY_MS, () => {
      look();
      tick();
    });
  }

  /** Where no worker runs in this process, another one has to be told; many webhooks make one message. */
  function tellOthers(): void {
    if (isTelling) return;
    isTelling = true;
    clock.setTimer(TELL_AT_MOST_EVERY_MS, () => {
      isTelling = false;
      db.notify(CHANNEL, '').catch(() => {});
    });
  }

  return {
    wake() {
      if (isStarted) look();
      else tellOthers();
    },
    start() {
      isStarted = true;
      stopListening = db.listen(CHANNEL, look);
      stopListening.catch((error: unknown) => log.warn({ err: error }, 'Notices of new webhook events do not arrive'));
      look();
      tick();
    },
    async stop() {
      isStarted = false;
      cancelTimer();
      endGathering();
      await (
        await stopListening?.catch(() => undefined)
      )?.();
      await running;
    },
  };
}
