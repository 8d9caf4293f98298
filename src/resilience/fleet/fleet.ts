/**
 * The circuits of several replicas, kept in step through Redis. Each replica decides by its own circuits, at once and in memory; they tell
 * Redis what they saw and follow what more than half of them agree on. Only a probe is asked for first, for a short time. Without Redis
 * every replica goes by its own circuits, as it would alone, and they are brought together again by the first beat that is answered.
 */
import type { Clock } from '../../clock.ts';
import type { BreakerEvent, BreakerSettings, BreakerState } from '../breaker.ts';
import type { Circuit, Peer } from '../circuit.ts';
import type { Emit } from '../facts.ts';
import type { Channel, FleetNews, Sent } from './channel.ts';
import type { FleetRecord, FleetReply } from './protocol.ts';

export type FleetOptions = {
  channel: Channel;
  clock: Clock;
  emit: Emit;
  replica: string;
  settings: BreakerSettings;
  /** How often every circuit is asked for, in case a message was lost, in milliseconds. */
  beatEveryMs: number;
};

/** The right to probe these circuits for all replicas, or by this replica's own rule where the fleet knows nothing. */
export type ProbeGrant = { goodProbesOf: ReadonlyMap<Circuit, number>; giveBack(): void };

export type Fleet = Peer & {
  /** The grant, or `busy` where another replica probes. Bounded by the channel's wait; `busy` at once while one is asked for. */
  askToProbe(circuits: readonly Circuit[], leaseMs: number): Promise<ProbeGrant | 'busy'>;
  isAsking(circuits: readonly Circuit[]): boolean;
  /** Looks once how every circuit stands, then goes on behind; `find` makes a circuit of that name, `known` does not. */
  start(find: FindCircuit, known: FindCircuit): Promise<void>;
  stop(): void;
};

export type FindCircuit = (name: string) => Circuit | undefined;

type Mode = { tag: 'shared' } | { tag: 'local'; sinceMs: number };

export function createFleet(options: FleetOptions): Fleet {
  return new FleetOfReplicas(options);
}

class FleetOfReplicas implements Fleet {
  readonly #of: FleetOptions;
  #find: FindCircuit = () => undefined;
  #known: FindCircuit = () => undefined;
  #mode: Mode = { tag: 'shared' };
  #born = '';
  /** What was followed last, by circuit. */
  readonly #followed = new Map<string, FleetRecord>();
  /** The probes of this replica that are under way. */
  readonly #leases = new Map<string, number>();
  readonly #asking = new Set<string>();
  /** Orders of people that Redis has not heard yet. */
  readonly #unheard = new Map<string, Sent>();
  #stopBeat: (() => void) | undefined;
  #isStopped = false;

  constructor(options: FleetOptions) {
    this.#of = options;
  }

  async start(find: FindCircuit, known: FindCircuit): Promise<void> {
    this.#find = find;
    this.#known = known;
    this.#of.channel.listen((news) => this.#learn(news));
    await this.#beat();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopBeat?.();
    this.#of.channel.close();
  }

  heard(circuit: Circuit, event: BreakerEvent, before: BreakerState, after: BreakerState): void {
    const { circuit: name } = circuit.ref;
    if (event.type === 'isolate' || event.type === 'close') return this.#obey(name, event);
    const lease = this.#leases.get(name);
    if (before.tag === 'half_open' && after !== before && event.type !== 'admit') {
      if (lease === undefined) return;
      this.#leases.delete(name);
      return this.#tell(name, { type: 'probe', lease, ...outcomeOf(event) });
    }
    if (before.tag !== 'closed') return;
    if (event.type === 'failed' && after !== before && !event.uncorroborated) {
      return this.#tell(name, { type: 'failed', replica: this.#of.replica, reason: event.reason });
    }
    if (event.type === 'succeeded' && event.ticket.generation === before.generation) this.#sayAnswered(circuit);
  }

  isAsking(circuits: readonly Circuit[]): boolean {
    return circuits.some(({ ref }) => this.#asking.has(ref.circuit));
  }

  async askToProbe(circuits: readonly Circuit[], leaseMs: number): Promise<ProbeGrant | 'busy'> {
    const goodProbesOf = new Map<Circuit, number>();
    const giveBack = () => circuits.forEach((circuit) => this.#giveBack(circuit.ref.circuit));
    for (const { ref } of circuits) this.#asking.add(ref.circuit);
    try {
      // One after the other in a fixed order, so that two replicas never hold what the other needs.
      for (const circuit of circuits) {
        const answer = await this.#lease(circuit, leaseMs);
        if (answer === 'busy') {
          giveBack();
          return 'busy';
        }
        if (answer !== 'local') goodProbesOf.set(circuit, answer);
      }
      return { goodProbesOf, giveBack };
    } finally {
      for (const { ref } of circuits) this.#asking.delete(ref.circuit);
    }
  }

  /** How many good probes there were before; `local` where this replica may go by its own rule. */
  async #lease({ ref: { circuit: name } }: Circuit, leaseMs: number): Promise<number | 'busy' | 'local'> {
    if (this.#mode.tag === 'local') return 'local';
    const asked = this.#of.channel.order(name, { type: 'lease', leaseMs }, this.#of.settings);
    const answer = await asked.catch((error: unknown) => this.#goLocal(error));
    if (!answer || answer.reply === 'unknown' || answer.reply === 'done') return 'local';
    if (answer.reply === 'busy') {
      this.#learn(answer.news);
      return 'busy';
    }
    this.#leases.set(name, answer.reply.leased);
    const record = answer.news.records[0]?.record;
    if (record) this.#followed.set(name, record);
    return record?.successes ?? 0;
  }

  #giveBack(name: string): void {
    const lease = this.#leases.get(name);
    this.#leases.delete(name);
    if (lease !== undefined) this.#tell(name, { type: 'probe', lease, outcome: 'none', reason: '' });
  }

  #obey(name: string, event: Extract<BreakerEvent, { type: 'isolate' | 'close' }>): void {
    const { reason, author } = event;
    this.#leases.delete(name);
    const order: Sent =
      event.type === 'isolate'
        ? { type: 'isolate', reason, author, forMs: event.forMs ?? -1, again: false }
        : { type: 'close', reason, author, epoch: 0 };
    this.#unheard.set(name, order);
    this.#tell(name, order);
  }

  #sayAnswered(circuit: Circuit): void {
    if (!circuit.isAwaited) return;
    circuit.isAwaited = false;
    this.#tell(circuit.ref.circuit, { type: 'answered' });
  }

  /** Nobody waits for it. What is lost is found by a later beat, or was evidence that comes again. */
  #tell(name: string, order: Sent): void {
    if (this.#mode.tag === 'local') return;
    void this.#send(name, order);
  }

  async #send(name: string, order: Sent): Promise<FleetReply | undefined> {
    try {
      const { reply, news } = await this.#of.channel.order(name, order, this.#of.settings);
      if (this.#unheard.get(name) === order) this.#unheard.delete(name);
      this.#learn(news);
      return reply;
    } catch (error) {
      this.#goLocal(error);
      return undefined;
    }
  }

  async #beat(): Promise<void> {
    const { channel, clock, beatEveryMs } = this.#of;
    try {
      const news = await channel.beat();
      this.#goShared();
      await this.#comeTogether(news);
    } catch (error) {
      this.#goLocal(error);
    }
    if (!this.#isStopped) this.#stopBeat = clock.setTimer(beatEveryMs, () => void this.#beat());
  }

  async #comeTogether(news: FleetNews): Promise<void> {
    if (news.born !== this.#born) this.#forgetFleet();
    this.#born = news.born;
    const orders = [...this.#unheard];
    for (const [name, order] of orders) await this.#send(name, order);
    this.#learn(news);
    // What Redis said is older than what it was told just now.
    if (orders.length > 0) return;
    const told = new Map(news.records.map(({ name, record }) => [name, record]));
    for (const [name, followed] of this.#followed) await this.#settle(name, followed, told.get(name));
  }

  /** Redis has lost its memory: every replica goes by its own circuits until they agree anew, but what people ordered holds. */
  #forgetFleet(): void {
    for (const [name, { tag }] of this.#followed) {
      const state = this.#known(name)?.state;
      if (tag !== 'isolated' || state?.tag !== 'isolated') continue;
      const forMs = state.untilMs === null ? -1 : Math.max(0, state.untilMs - this.#of.clock.monotonicMs());
      this.#unheard.set(name, { type: 'isolate', reason: state.reason, author: state.author, forMs, again: true });
    }
    this.#followed.clear();
    this.#leases.clear();
  }

  /** One circuit that the fleet and this replica see differently, each for a good while. */
  async #settle(name: string, followed: FleetRecord, told: FleetRecord | undefined): Promise<void> {
    const circuit = this.#known(name);
    if (!circuit || this.#leases.has(name)) return;
    const isOpenHere = circuit.state.tag !== 'closed';
    if (told === undefined) {
      this.#followed.delete(name);
      if (isOpenHere && followed.tag !== 'closed')
        circuit.follow({ type: 'closed_elsewhere', reason: 'others closed it' });
    } else if (told.tag !== 'closed' && told.epoch === followed.epoch && !isOpenHere) {
      // Its own probes were good while Redis was away.
      const reason = 'probes were answered while Redis was away';
      await this.#send(name, { type: 'close', reason, author: '', epoch: told.epoch });
    }
  }

  #learn({ born, nowMs, records }: FleetNews): void {
    // Fences of another memory say nothing here; the next beat sorts it out.
    if (born !== '' && born !== this.#born) return;
    for (const { name, record } of records) this.#follow(name, record, nowMs);
  }

  #follow(name: string, record: FleetRecord, nowMs: number): void {
    // What a person ordered here is newer, and on its way.
    if (this.#unheard.has(name)) return;
    const before = this.#followed.get(name);
    if (before && before.epoch > record.epoch) return;
    const isNew = record.epoch > (before?.epoch ?? 0);
    this.#followed.set(name, record);
    const circuit = isNew && record.tag !== 'closed' ? this.#find(name) : this.#known(name);
    if (!circuit) return;
    circuit.isAwaited = record.tag === 'closed' && record.run > 0;
    if (!isNew) return;
    const { reason, author } = record;
    const leftMs = Math.max(0, record.untilMs - nowMs);
    if (record.tag === 'open') circuit.follow({ type: 'opened_elsewhere', reason, leftMs });
    else if (record.tag === 'isolated') this.#isolate(circuit, record, record.untilMs < 0 ? null : leftMs);
    else if (record.tag === 'half_open') this.#letOthersProbe(circuit, reason);
    else if (circuit.state.tag !== 'closed') {
      circuit.follow({ type: 'closed_elsewhere', reason, ...(author !== '' && { author }) });
    }
  }

  #isolate(circuit: Circuit, { reason, author }: FleetRecord, forMs: number | null): void {
    const { state } = circuit;
    // Whoever gave the order has followed it already.
    if (state.tag === 'isolated' && state.reason === reason && state.author === author) return;
    circuit.follow({ type: 'isolate', reason, author, forMs });
  }

  #letOthersProbe(circuit: Circuit, reason: string): void {
    if (this.#leases.has(circuit.ref.circuit) || circuit.state.tag === 'half_open') return;
    circuit.follow({ type: 'opened_elsewhere', reason, leftMs: 0 });
  }

  #goLocal(error: unknown): undefined {
    if (this.#mode.tag === 'local' || this.#isStopped) return;
    this.#mode = { tag: 'local', sinceMs: this.#of.clock.monotonicMs() };
    this.#leases.clear();
    this.#of.emit({ type: 'fleet_lost', reason: error instanceof Error ? error.message : 'unknown' });
  }

  #goShared(): void {
    if (this.#mode.tag === 'shared') return;
    this.#of.emit({ type: 'fleet_found', lostMs: this.#of.clock.monotonicMs() - this.#mode.sinceMs });
    this.#mode = { tag: 'shared' };
  }
}

function outcomeOf(event: BreakerEvent): { outcome: 'good' | 'bad' | 'none'; reason: string } {
  if (event.type === 'failed') return { outcome: 'bad', reason: `the probe failed: ${event.reason}` };
  return { outcome: event.type === 'succeeded' ? 'good' : 'none', reason: '' };
}
