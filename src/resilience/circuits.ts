/**
 * The circuits of one upstream, on two levels. Each credential has its own (`vapi/<tenant>`); the upstream's (`vapi`) opens after
 * as many failures in a row when they come from several credentials, or from the only one in use. So one tenant with a
 * dead vendor sees both open on the third failure, and one tenant's trouble never opens the circuit for another. A call passes only
 * when both let it; a 429 cools its credential down and touches neither.
 */
import type { Clock } from '../clock.ts';
import type { BreakerSettings } from './breaker.ts';
import { createCircuit } from './circuit.ts';
import type { Circuit, CircuitView, Permit } from './circuit.ts';
import { createCoolDowns } from './cool-downs.ts';
import type { CircuitRef, Emit, RejectionReason } from './facts.ts';
import { hasOther, nobody, sight } from './witnesses.ts';

export type Credential = { key: string; tenant: string };

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
};

export type Rejection = { circuit: CircuitRef; because: RejectionReason; retryAfterMs: number };
export type Circuits = ReturnType<typeof createCircuits>;

/** A call on its way through both circuits; exactly one method is called when it is over. */
export type Passage = {
  succeed(): void;
  fail(failure: { reason: string; operation: string; status?: number }): void;
  release(): void;
};

const OPEN_ROAD: Passage = { succeed() {}, fail() {}, release() {} };
const TOUCH_EVERY_MS = 1_000;
/** Stands for calls that carry no credential. */
const ANONYMOUS = '';

export function createCircuits({ upstream, settings, clock, emit }: CircuitsOptions) {
  const upstreamRef: CircuitRef = { circuit: upstream, upstream, scope: 'upstream' };
  const own = createCircuit({ ref: upstreamRef, settings, clock, emit });
  const credentials = new Map<string, { circuit: Circuit; touchedMs: number }>();
  const coolDowns = createCoolDowns(clock);
  let active = nobody;
  let failing = nobody;
  /** The credential on whose word alone the upstream's circuit opened. */
  let soleWitness: string | undefined;

  /** Lets the call pass or says why not. A probe that has not come back after `leaseMs` gives its place to another. */
  function admit(credential: Credential | null, leaseMs: number): Passage | Rejection {
    const key = credential?.key ?? ANONYMOUS;
    const coolingMs = coolDowns.leftMs(key);
    if (coolingMs > 0) return { circuit: refOf(credential), because: 'cool_down', retryAfterMs: coolingMs };
    if (!settings.enabled) return OPEN_ROAD;

    const circuit = credential ? circuitOf(credential.tenant) : undefined;
    const early = mayTestifyEarly(key);
    // Both are asked before either is entered, so that a refusal by one does not use up the other's probe.
    const refusing = own.refusal(early) ? own : circuit?.refusal() ? circuit : undefined;
    if (refusing) return { circuit: refusing.ref, ...refusing.refusal(refusing === own && early)! };
    active = sight(active, key, clock.monotonicMs());
    return new TwoPermits(key, own.enter(leaseMs, early), circuit?.enter(leaseMs), circuit);
  }

  /** A circuit that one credential alone reopened may be that credential's own trouble: another need not wait to try. */
  function mayTestifyEarly(key: string): boolean {
    if (soleWitness === undefined || soleWitness === key) return false;
    return own.state.tag === 'open' && own.state.again;
  }

  class TwoPermits implements Passage {
    readonly #key: string;
    readonly #upstream: Permit;
    readonly #own: Permit | undefined;
    readonly #circuit: Circuit | undefined;

    constructor(key: string, upstreamPermit: Permit, ownPermit: Permit | undefined, circuit: Circuit | undefined) {
      this.#key = key;
      this.#upstream = upstreamPermit;
      this.#own = ownPermit;
      this.#circuit = circuit;
    }

    succeed(): void {
      failing = nobody;
      this.#own?.succeed();
      this.#upstream.succeed();
    }

    fail(failure: { reason: string; operation: string; status?: number }): void {
      const nowMs = clock.monotonicMs();
      const isBackedByOthers = hasOther(failing, this.#key, nowMs, settings.witnessWindowMs);
      const isAlone = !hasOther(active, this.#key, nowMs, settings.witnessWindowMs);
      // A credential that was known to be sick before this call is no proof against the upstream by itself.
      const wasHealthy = this.#own?.isProbe !== true;
      failing = sight(failing, this.#key, nowMs);
      this.#circuit?.remember(failure);
      own.remember(failure);
      this.#own?.fail(failure.reason);
      const before = own.state;
      this.#upstream.fail(failure.reason, !isBackedByOthers && !(isAlone && wasHealthy));
      if (own.state !== before && own.state.tag === 'open') soleWitness = isBackedByOthers ? undefined : this.#key;
    }

    release(): void {
      this.#own?.release();
      this.#upstream.release();
    }
  }

  function circuitOf(tenant: string): Circuit {
    const nowMs = clock.monotonicMs();
    const known = credentials.get(tenant);
    if (known && nowMs - known.touchedMs < TOUCH_EVERY_MS) return known.circuit;
    const circuit = known?.circuit ?? createCircuit({ ref: refOfTenant(tenant), settings, clock, emit });
    credentials.delete(tenant);
    credentials.set(tenant, { circuit, touchedMs: nowMs });
    if (credentials.size > settings.maxCredentialCircuits) forgetOne();
    return circuit;
  }

  function forgetOne(): void {
    for (const [tenant, { circuit }] of credentials) {
      if (!circuit.isForgettable()) continue;
      credentials.delete(tenant);
      return;
    }
  }

  function refOfTenant(tenant: string): CircuitRef {
    return { circuit: `${upstream}/${tenant}`, upstream, scope: 'credential', tenant };
  }

  function refOf(credential: Credential | null): CircuitRef {
    return credential ? refOfTenant(credential.tenant) : upstreamRef;
  }

  /** Refuses this credential's calls for `coolDownMs`, as the upstream asked. */
  function coolDown(credential: Credential | null, coolDownMs: number): void {
    coolDowns.start(credential?.key ?? ANONYMOUS, coolDownMs);
    emit({ type: 'cool_down_started', upstream, coolDownMs, ...(credential && { tenant: credential.tenant }) });
  }

  /** The circuit of that name, made if it is a credential's that was not used yet; undefined when it is another upstream's. */
  function find(name: string): Circuit | undefined {
    if (name === upstream) return own;
    return name.startsWith(`${upstream}/`) ? circuitOf(name.slice(upstream.length + 1)) : undefined;
  }

  function list(): CircuitView[] {
    return [own.snapshot(), ...Array.from(credentials.values(), ({ circuit }) => circuit.snapshot())];
  }

  return { admit, coolDown, find, list };
}

export function isRejection(answer: Passage | Rejection): answer is Rejection {
  return 'because' in answer;
}
