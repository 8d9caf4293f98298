/** The breaker against a model that was written from the rules alone: random calls, results, aborts, clock steps and orders by hand. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { printResult, testScale, testSeed } from '../../test/harness/result.ts';
import { createCircuit } from './circuit.ts';
import type { Circuit, Permit } from './circuit.ts';
import type { ResilienceFact } from './facts.ts';

const THRESHOLD = 3;
const RECOVERY_MS = 30_000;
const GOOD_PROBES = 2;
const LEASE_MS = 10_000;
const COMMANDS_IN_CI = 20_000;

type InFlight = { permit: Permit; bornIn: number; probe: number };
type Real = {
  circuit: Circuit;
  facts: ResilienceFact[];
  inFlight: InFlight[];
  advance(ms: number): void;
  stepWallClock(ms: number): void;
};

/** What the rules say. An epoch ends with every change of phase. */
type Model = {
  phase: 'closed' | 'open' | 'half_open' | 'isolated';
  epoch: number;
  nowMs: number;
  sinceMs: number;
  notClosedSinceMs: number;
  isolatedUntilMs: number;
  failuresInARow: number;
  goodProbes: number;
  probe: { id: number; expiresMs: number } | null;
  probesGiven: number;
  moves: { openings: number; closings: number };
};

let commandsRun = 0;

function begin(model: Model, phase: Model['phase']): void {
  if (model.phase === 'closed') model.notClosedSinceMs = model.nowMs;
  Object.assign(model, {
    phase,
    epoch: model.epoch + 1,
    sinceMs: model.nowMs,
    failuresInARow: 0,
    goodProbes: 0,
    probe: null,
  });
  if (phase === 'open') model.moves.openings += 1;
  if (phase === 'closed') model.moves.closings += 1;
}

function mayCall(model: Model): boolean {
  if (model.phase === 'closed') return true;
  if (model.phase === 'open') return model.nowMs - model.sinceMs >= RECOVERY_MS;
  if (model.phase === 'isolated') return model.nowMs >= model.isolatedUntilMs;
  return model.probe === null || model.nowMs >= model.probe.expiresMs;
}

class Call implements fc.Command<Model, Real> {
  check = () => true;
  toString = () => 'call';
  run(model: Model, real: Real): void {
    const allowed = mayCall(model);
    const answer = real.circuit.admit(LEASE_MS);
    expect('permit' in answer, 'admitted').toBe(allowed);
    if (!('permit' in answer)) {
      expect(answer.refusal.retryAfterMs).toBeGreaterThan(0);
      return done(model, real);
    }
    if (model.phase === 'open' || model.phase === 'isolated') begin(model, 'half_open');
    if (model.phase === 'half_open') model.probe = { id: (model.probesGiven += 1), expiresMs: model.nowMs + LEASE_MS };
    expect(answer.permit.isProbe).toBe(model.phase === 'half_open');
    real.inFlight.push({ permit: answer.permit, bornIn: model.epoch, probe: model.probe?.id ?? 0 });
    done(model, real);
  }
}

type Outcome = 'succeed' | 'fail' | 'ignore' | 'release';

class Finish implements fc.Command<Model, Real> {
  readonly outcome: Outcome;
  readonly which: number;
  constructor(outcome: Outcome, which: number) {
    this.outcome = outcome;
    this.which = which;
  }
  check = () => true;
  toString = () => `${this.outcome}(${this.which})`;
  run(model: Model, real: Real): void {
    if (real.inFlight.length === 0) return;
    const [call] = real.inFlight.splice(this.which % real.inFlight.length, 1);
    if (!call) return;
    if (this.outcome === 'fail') call.permit.fail('500');
    else call.permit[this.outcome]();
    // Settling twice must change nothing.
    if (this.which % 3 === 0) call.permit.fail('again');
    const isHeard = call.bornIn === model.epoch && (model.phase !== 'half_open' || model.probe?.id === call.probe);
    if (isHeard) this.apply(model);
    done(model, real);
  }
  apply(model: Model): void {
    const isGood = this.outcome === 'succeed' || this.outcome === 'ignore';
    if (model.phase === 'half_open') {
      model.probe = null;
      if (this.outcome === 'fail') begin(model, 'open');
      else if (isGood && (model.goodProbes += 1) === GOOD_PROBES) begin(model, 'closed');
      return;
    }
    if (this.outcome === 'fail') {
      model.failuresInARow += 1;
      if (model.failuresInARow === THRESHOLD) begin(model, 'open');
    } else if (isGood) model.failuresInARow = 0;
  }
}

class Advance implements fc.Command<Model, Real> {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  check = () => true;
  toString = () => `advance(${this.ms})`;
  run(model: Model, real: Real): void {
    model.nowMs += this.ms;
    real.advance(this.ms);
    done(model, real);
  }
}

/** Somebody sets the clock of the machine: nothing may follow from it. */
class StepWallClock implements fc.Command<Model, Real> {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  check = () => true;
  toString = () => `stepWallClock(${this.ms})`;
  run(model: Model, real: Real): void {
    real.stepWallClock(this.ms);
    done(model, real);
  }
}

class Isolate implements fc.Command<Model, Real> {
  readonly forMs: number | null;
  constructor(forMs: number | null) {
    this.forMs = forMs;
  }
  check = () => true;
  toString = () => `isolate(${this.forMs})`;
  run(model: Model, real: Real): void {
    real.circuit.isolate({ reason: 'maintenance', author: 'ann', forMs: this.forMs });
    begin(model, 'isolated');
    model.isolatedUntilMs = this.forMs === null ? Infinity : model.nowMs + this.forMs;
    done(model, real);
  }
}

class CloseByHand implements fc.Command<Model, Real> {
  check = () => true;
  toString = () => 'closeByHand';
  run(model: Model, real: Real): void {
    real.circuit.close({ reason: 'repaired', author: 'ann' });
    if (model.phase === 'closed') model.failuresInARow = 0;
    else begin(model, 'closed');
    done(model, real);
  }
}

/** The upstream is well from now on: after the recovery time two calls close the circuit, whatever hangs. */
class Recover implements fc.Command<Model, Real> {
  check = (model: Model) => model.phase !== 'isolated';
  toString = () => 'recover';
  run(model: Model, real: Real): void {
    if (model.phase !== 'closed') new Advance(RECOVERY_MS).run(model, real);
    for (let call = 0; call < GOOD_PROBES; call += 1) {
      new Call().run(model, real);
      new Finish('succeed', real.inFlight.length - 1).run(model, real);
    }
    expect(real.circuit.state.tag).toBe('closed');
  }
}

/** Holds after every command. */
function done(model: Model, { circuit, facts }: Real): void {
  commandsRun += 1;
  const { state } = circuit;
  expect(state.tag).toBe(model.phase);
  if (state.tag === 'closed') expect(state.failures).toBe(model.failuresInARow);
  expect(JSON.parse(JSON.stringify(state)), 'the state is plain JSON').toEqual(state);
  expect(circuit.notClosedMs()).toBe(model.phase === 'closed' ? 0 : model.nowMs - model.notClosedSinceMs);
  expect(facts.filter(({ type }) => type === 'breaker_opening')).toHaveLength(model.moves.openings);
  expect(facts.filter(({ type }) => type === 'breaker_closing')).toHaveLength(model.moves.closings);
}

function setup(): { model: Model; real: Real } {
  const clock = createHandClock();
  let wallOffsetMs = 0;
  const facts: ResilienceFact[] = [];
  const circuit = createCircuit({
    ref: { circuit: 'vapi', upstream: 'vapi', scope: 'upstream' },
    settings: { threshold: THRESHOLD, recoveryMs: RECOVERY_MS, successThreshold: GOOD_PROBES },
    clock: { ...clock, now: () => new Date(clock.now().getTime() + wallOffsetMs) },
    emit: (fact) => facts.push(fact),
  });
  const model: Model = {
    phase: 'closed',
    epoch: 0,
    nowMs: 0,
    sinceMs: 0,
    notClosedSinceMs: 0,
    isolatedUntilMs: 0,
    failuresInARow: 0,
    goodProbes: 0,
    probe: null,
    probesGiven: 0,
    moves: { openings: 0, closings: 0 },
  };
  const real: Real = {
    circuit,
    facts,
    inFlight: [],
    advance: (ms) => clock.advance(ms),
    stepWallClock: (ms) => {
      wallOffsetMs += ms;
    },
  };
  return { model, real };
}

const which = fc.nat({ max: 50 });
const commands = [
  fc.constant(new Call()),
  fc.constant(new Call()),
  which.map((index) => new Finish('fail', index)),
  which.map((index) => new Finish('fail', index)),
  which.map((index) => new Finish('fail', index)),
  which.map((index) => new Finish('succeed', index)),
  which.map((index) => new Finish('ignore', index)),
  which.map((index) => new Finish('release', index)),
  fc.constantFrom(1, 500, LEASE_MS - 1, LEASE_MS, RECOVERY_MS - 1, RECOVERY_MS, 600_000).map((ms) => new Advance(ms)),
  fc.integer({ min: -86_400_000, max: 86_400_000 }).map((ms) => new StepWallClock(ms)),
  fc.option(fc.constantFrom(1, 60_000)).map((forMs) => new Isolate(forMs)),
  fc.constant(new CloseByHand()),
  fc.constant(new Recover()),
];

test('the breaker does what its rules say, whatever happens in whatever order', () => {
  const seed = testSeed();
  const wanted = COMMANDS_IN_CI * testScale();
  commandsRun = 0;
  const property = fc.property(fc.commands(commands, { maxCommands: 200, size: 'max' }), (list) =>
    fc.modelRun(setup, list),
  );
  for (let batch = 0; commandsRun < wanted; batch += 1) {
    const result = fc.check(property, { seed: seed + batch, numRuns: 50 });
    if (!result.failed) continue;
    printResult({
      id: 'R01',
      value: 1,
      unit: 'counterexamples',
      goal: '0 of 1,000,000',
      floor: '0 of 20,000',
      pass: false,
      n: commandsRun,
      seed: seed + batch,
    });
    throw new Error(fc.defaultReportMessage(result) ?? 'counterexample');
  }
  printResult({
    id: 'R01',
    value: 0,
    unit: 'counterexamples',
    goal: '0 of 1,000,000',
    floor: '0 of 20,000',
    pass: true,
    n: commandsRun,
    seed,
  });
});
