/**
 * The circuits of one upstream, on two levels. Each credential has its own (`vapi/<tenant>`); the upstream's (`vapi`) opens after as
 * many failures in a row when they come from several credentials, or from the only one in use. So one tenant with a dead vendor
 * sees both open on the third failure, and one tenant's trouble never opens the circuit for another. A call passes only when both let
 * it; a 429 cools its credential down and touches neither.
 */
import type { Clock } from '../clock.ts';
import type { BreakerSettings } from './breaker.ts';
import { createCircuit } from './circuit.ts';
import type { Circuit, CircuitView, FailureRecord, Peer, Permit } from './circuit.ts';
import { createCoolDowns } from './cool-downs.ts';
import { CredentialCircuits } from './credential-circuits.ts';
import type { CircuitRef, Emit, RejectionReason } from './facts.ts';
import { Witnesses } from './witnesses.ts';

export type Credential = {
  /** Tells one credential from another; never told to anybody. */
  key: string;
  tenant: string;
};

export type CircuitsOptions = {
  upstream: string;
  settings: BreakerSettings & {
    /** False lets every call through, whatever the circuits say; cool-downs stay. */
    enabled: boolean;
    /** How long a credential's failure or use counts as evidence, in milliseconds. */
    witnessWindowMs: number;
    /** How many credential circuits are kept; the longest unused closed ones go first. */
    maxCredentialCircuits: number;
  };
  clock: Clock;
  emit: Emit;
  /** Keeps these circuits in step with other replicas'. */
  peer?: Peer | undefined;
};

/** A call on its way through both circuits; exactly one method is called when it is over. */
export type Passage = {
  /** The upstream answered, if only that it refuses. */
  succeed(): void;
  fail(failure: Omit<FailureRecord, 'at'>): void;
  /** The call said nothing about the upstream. */
  release(): void;
};

export type Rejection = { circuit: CircuitRef; because: RejectionReason; retryAfterMs: number };

export type Circuits = {
  /** Lets the call pass or says why not. A probe that has not come back after `leaseMs` gives its place to another. */
  admit(
    credential: Credential | null,
    leaseMs: number,
    goodProbesOf?: ReadonlyMap<Circuit, number>,
  ): Passage | Rejection;
  /** The circuits that such a call would be the probe of; none where it would be refused anyway. */
  toProbe(credential: Credential | null): readonly Circuit[];
  /** Refuses this credential's calls for `coolDownMs`, as the upstream asked. */
  coolDown(credential: Credential | null, coolDownMs: number): void;
  /** The circuit of that name, made if its credential was not used yet; undefined when it is another upstream's. */
  find(name: string): Circuit | undefined;
  /** The same, but only if it is there already. */
  known(name: string): Circuit | undefined;
  list(): CircuitView[];
};

export function isRejection(answer: Passage | Rejection): answer is Rejection {
  return 'because' in answer;
}

/** Stands for calls that carry no credential. */
const ANONYMOUS = '';
const NOTHING: readonly Circuit[] = [];
const NO_GRANT: ReadonlyMap<Circuit, number> = new Map();
const OPEN_ROAD: Passage = { succeed() {}, fail() {}, release() {} };

export function createCircuits({ upstream, settings, clock, emit, peer }: CircuitsOptions): Circuits {
  const make = (ref: CircuitRef) => createCircuit({ ref, settings, clock, emit, peer });
  const refOf = (tenant: string): CircuitRef => ({
    circuit: `${upstream}/${tenant}`,
    upstream,
    scope: 'credential',
    tenant,
  });
  const shared = new SharedCircuit(
    make({ circuit: upstream, upstream, scope: 'upstream' }),
    new Witnesses(clock, settings.witnessWindowMs),
  );
  const ofTenants = new CredentialCircuits(clock, settings.maxCredentialCircuits, (tenant) => make(refOf(tenant)));
  const coolDowns = createCoolDowns(clock);

  return {
    admit(credential, leaseMs, goodProbesOf = NO_GRANT) {
      const key = credential?.key ?? ANONYMOUS;
      const coolingMs = coolDowns.leftMs(key);
      if (coolingMs > 0) {
        const circuit = credential ? refOf(credential.tenant) : shared.circuit.ref;
        return { circuit, because: 'cool_down', retryAfterMs: coolingMs };
      }
      if (!settings.enabled) return OPEN_ROAD;
      return pass(shared, key, credential ? ofTenants.get(credential.tenant) : undefined, leaseMs, goodProbesOf);
    },
    toProbe(credential) {
      if (!settings.enabled) return NOTHING;
      const own = credential ? ofTenants.get(credential.tenant) : undefined;
      if (shared.circuit.state.tag === 'closed' && (!own || own.state.tag === 'closed')) return NOTHING;
      if (coolDowns.leftMs(credential?.key ?? ANONYMOUS) > 0) return NOTHING;
      const early = shared.wantsToHear(credential?.key ?? ANONYMOUS);
      if (shared.circuit.refusal(early) || own?.refusal()) return NOTHING;
      return [shared.circuit, ...(own ? [own] : [])].filter(({ state }) => state.tag !== 'closed');
    },
    coolDown(credential, coolDownMs) {
      coolDowns.start(credential?.key ?? ANONYMOUS, coolDownMs);
      emit({ type: 'cool_down_started', upstream, coolDownMs, ...(credential && { tenant: credential.tenant }) });
    },
    find(name) {
      if (name === upstream) return shared.circuit;
      return name.startsWith(`${upstream}/`) ? ofTenants.get(name.slice(upstream.length + 1)) : undefined;
    },
    known: (name) => (name === upstream ? shared.circuit : ofTenants.known(name.slice(upstream.length + 1))),
    list: () => [shared.circuit, ...ofTenants.all()].map((circuit) => circuit.snapshot()),
  };
}

/** Both circuits are asked before either is entered, so that a refusal by one does not use up the other's probe. */
function pass(
  shared: SharedCircuit,
  key: string,
  own: Circuit | undefined,
  leaseMs: number,
  goodProbesOf: ReadonlyMap<Circuit, number>,
): Passage | Rejection {
  const early = shared.wantsToHear(key) || goodProbesOf.has(shared.circuit);
  const refusal = shared.circuit.refusal(early);
  if (refusal) return { circuit: shared.circuit.ref, ...refusal };
  const ownEarly = own !== undefined && goodProbesOf.has(own);
  const ownRefusal = own?.refusal(ownEarly);
  if (own && ownRefusal) return { circuit: own.ref, ...ownRefusal };
  shared.witnesses.uses(key);
  const permit = shared.circuit.enter(leaseMs, early, goodProbesOf.get(shared.circuit));
  return new TwoPermits(shared, key, permit, own, own?.enter(leaseMs, ownEarly, goodProbesOf.get(own)));
}

/** The upstream's circuit with the evidence that it is judged by. */
class SharedCircuit {
  readonly circuit: Circuit;
  readonly witnesses: Witnesses;
  /** The credential on whose word alone the circuit opened last. */
  #soleWitness: string | undefined;

  constructor(circuit: Circuit, witnesses: Witnesses) {
    this.circuit = circuit;
    this.witnesses = witnesses;
  }

  /** A circuit that one credential alone keeps open may be that credential's own trouble: another need not wait to try. */
  wantsToHear(key: string): boolean {
    const { state } = this.circuit;
    return state.tag === 'open' && state.again && this.#soleWitness !== undefined && this.#soleWitness !== key;
  }

  /** `wasHealthy`: the credential's own circuit was closed before; one that was sick already proves nothing by itself. */
  fail(permit: Permit, key: string, reason: string, wasHealthy: boolean): void {
    const { isBacked, isAlone } = this.witnesses.failed(key);
    const before = this.circuit.state;
    permit.fail(reason, !isBacked && !(isAlone && wasHealthy));
    const { state } = this.circuit;
    if (state !== before && state.tag === 'open') this.#soleWitness = isBacked ? undefined : key;
  }
}

class TwoPermits implements Passage {
  readonly #shared: SharedCircuit;
  readonly #key: string;
  readonly #sharedPermit: Permit;
  readonly #own: Circuit | undefined;
  readonly #ownPermit: Permit | undefined;

  constructor(shared: SharedCircuit, key: string, sharedPermit: Permit, own?: Circuit, ownPermit?: Permit) {
    this.#shared = shared;
    this.#key = key;
    this.#sharedPermit = sharedPermit;
    this.#own = own;
    this.#ownPermit = ownPermit;
  }

  succeed(): void {
    this.#shared.witnesses.answered();
    this.#ownPermit?.succeed();
    this.#sharedPermit.succeed();
  }

  fail(failure: Omit<FailureRecord, 'at'>): void {
    this.#own?.remember(failure);
    this.#shared.circuit.remember(failure);
    const wasHealthy = this.#ownPermit?.isProbe !== true;
    this.#ownPermit?.fail(failure.reason);
    this.#shared.fail(this.#sharedPermit, this.#key, failure.reason, wasHealthy);
  }

  release(): void {
    this.#ownPermit?.release();
    this.#sharedPermit.release();
  }
}
