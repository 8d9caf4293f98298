/**
 * How many calls may be under way to one upstream. Ringing calls, webhooks, the API and jobs each have a lane of their own, so that
 * none can take another's room; inside a lane no tenant gets more than its share. Who finds no room waits in a short line, in
 * order, or is refused.
 */
import type { Clock } from '../clock.ts';

export const LANES = ['call', 'webhook', 'api', 'job'] as const;
export type Lane = (typeof LANES)[number];

export type BulkheadSettings = {
  /** Calls under way at once, by lane. */
  lanes: Readonly<Record<Lane, number>>;
  /** The part of a lane that one tenant may fill, from 0 to 1; every tenant may always have one call. */
  tenantShare: number;
  /** How many may wait, as a multiple of the lane's size. */
  waitingPerPlace: number;
  /** How long one waits at most, in milliseconds. */
  waitMs: number;
};

export type Bulkhead = Readonly<Record<Lane, LaneRoom>>;

export function createBulkhead(clock: Clock, settings: BulkheadSettings): Bulkhead {
  const room = (lane: Lane) => new LaneRoom(clock, settings.lanes[lane], settings);
  return { call: room('call'), webhook: room('webhook'), api: room('api'), job: room('job') };
}

type Waiter = { tenant: string | undefined; enter(): void };

export type FullBecause = 'lane' | 'tenant';

export class LaneRoom {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #tenantCapacity: number;
  readonly #waitingAtMost: number;
  readonly #waitMs: number;
  readonly #byTenant = new Map<string, number>();
  #waiting: Waiter[] = [];
  #underWay = 0;

  constructor(clock: Clock, capacity: number, settings: BulkheadSettings) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#tenantCapacity = Math.max(1, Math.floor(capacity * settings.tenantShare));
    this.#waitingAtMost = Math.floor(capacity * settings.waitingPerPlace);
    this.#waitMs = settings.waitMs;
  }

  get underWay(): number {
    return this.#underWay;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes a place if one is free now; give it back with `leave`. Calls without a tenant are held to the lane's size alone. */
  enter(tenant: string | undefined): boolean {
    if (this.#whyFull(tenant)) return false;
    this.#underWay += 1;
    if (tenant !== undefined) this.#byTenant.set(tenant, (this.#byTenant.get(tenant) ?? 0) + 1);
    return true;
  }

  /** Waits in line for a place; resolves to why there is none when the line or the patience is at its end. */
  wait(tenant: string | undefined, atMostMs: number, signal?: AbortSignal): Promise<'entered' | FullBecause> {
    const because = this.#whyFull(tenant) ?? 'lane';
    if (signal?.aborted || !this.#hasRoomToWait(tenant)) return Promise.resolve(because);
    return new Promise((resolve) => {
      const waiter: Waiter = { tenant, enter: () => end('entered') };
      const giveUp = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        end(because);
      };
      const stopTimer = this.#clock.setTimer(Math.min(atMostMs, this.#waitMs), giveUp);
      const end = (answer: 'entered' | FullBecause) => {
        stopTimer();
        signal?.removeEventListener('abort', giveUp);
        resolve(answer);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(waiter);
    });
  }

  leave(tenant: string | undefined): void {
    this.#underWay -= 1;
    if (tenant !== undefined) this.#forgetPlace(tenant);
    if (this.#waiting.length > 0) this.#admitNext();
  }

  #forgetPlace(tenant: string): void {
    const left = (this.#byTenant.get(tenant) ?? 1) - 1;
    if (left === 0) this.#byTenant.delete(tenant);
    else this.#byTenant.set(tenant, left);
  }

  /** The first in line whose tenant has room: one who fills its share does not hold up the others behind it. */
  #admitNext(): void {
    const index = this.#waiting.findIndex((waiter) => this.#whyFull(waiter.tenant) === undefined);
    if (index < 0) return;
    const [next] = this.#waiting.splice(index, 1);
    if (next && this.enter(next.tenant)) next.enter();
  }

  #whyFull(tenant: string | undefined): FullBecause | undefined {
    if (this.#underWay >= this.#capacity) return 'lane';
    const isFull = tenant !== undefined && (this.#byTenant.get(tenant) ?? 0) >= this.#tenantCapacity;
    return isFull ? 'tenant' : undefined;
  }

  #hasRoomToWait(tenant: string | undefined): boolean {
    if (this.#waiting.length >= this.#waitingAtMost) return false;
    if (tenant === undefined) return true;
    const ofTenant = this.#waiting.reduce((count, waiter) => count + (waiter.tenant === tenant ? 1 : 0), 0);
    return ofTenant < Math.max(1, Math.floor(this.#waitingAtMost / 2));
  }
}
