/** The circuits of the credentials at one upstream: made when first used, kept as long as they matter or there is room. */
import type { Clock } from '../clock.ts';
import type { Circuit } from './circuit.ts';

type Kept = { circuit: Circuit; touchedMs: number };

/** How exactly the order of use is kept; a busy credential is not moved for every call. */
const TOUCHED_EVERY_MS = 1_000;

export class CredentialCircuits {
  readonly #clock: Clock;
  readonly #maxKept: number;
  readonly #make: (tenant: string) => Circuit;
  /** In the order of use, the longest unused first. */
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock, maxKept: number, make: (tenant: string) => Circuit) {
    this.#clock = clock;
    this.#maxKept = maxKept;
    this.#make = make;
  }

  get(tenant: string): Circuit {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#kept.get(tenant);
    if (known && nowMs - known.touchedMs < TOUCHED_EVERY_MS) return known.circuit;
    const circuit = known?.circuit ?? this.#make(tenant);
    this.#kept.delete(tenant);
    this.#kept.set(tenant, { circuit, touchedMs: nowMs });
    if (this.#kept.size > this.#maxKept) this.#forgetOne();
    return circuit;
  }

  /** The circuit if it was made already; asking is no use of it. */
  known(tenant: string): Circuit | undefined {
    return this.#kept.get(tenant)?.circuit;
  }

  all(): Circuit[] {
    return Array.from(this.#kept.values(), ({ circuit }) => circuit);
  }

  /** The longest unused one that is closed; one that is not closed is never forgotten. */
  #forgetOne(): void {
    for (const [tenant, { circuit }] of this.#kept) {
      if (circuit.state.tag !== 'closed') continue;
      this.#kept.delete(tenant);
      return;
    }
  }
}
