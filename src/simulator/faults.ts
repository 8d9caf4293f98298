import type { Clock } from '../clock.ts';
import { operationMatches } from './ledger.ts';
import type { Random } from './random.ts';
import type { Vendor } from './vendors.ts';

export const faultKinds = [
  'latency',
  'jitter',
  'hang',
  'reset',
  'refused',
  'half_close',
  'status',
  'malformed_json',
  'html',
  'content_length_too_long',
  'content_length_too_short',
  'huge_body',
  'endless_body',
  'drip',
  'closed_mid_body',
  'redirect_inwards',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** What goes wrong, where, and for how long. Without `forMs` and `count` it stays until it is removed. */
export type Fault = {
  vendor: Vendor;
  kind: FaultKind;
  /** For instance `POST /call` or `GET /assistant*`; missing: every operation. */
  operation?: string;
  /** Only for requests whose key, account SID or token contains this. */
  credential?: string;
  /** For `status`. */
  status?: number;
  /** For `status`: the body, when it is not the vendor's usual error. */
  body?: string;
  /** For `status`: the literal value of the `Retry-After` header: seconds, a date, or nonsense. */
  retryAfter?: string;
  /** For `latency` (exactly) and `jitter` (at most), in milliseconds on the wire. */
  ms?: number;
  /** `after`: the vendor does what it was asked, and only the answer is damaged. */
  when?: 'before' | 'after';
  /** Share of the requests that are hit, from 0 to 1. */
  rate?: number;
  /** Ends after this much story time, in milliseconds. */
  forMs?: number;
  /** Ends after this many hits. */
  count?: number;
};

export type ActiveFault = Fault & { id: string; hits: number };
export type FaultTarget = { vendor: Vendor; method: string; path: string; credential: string };

export type Faults = {
  add(fault: Fault): string;
  remove(id: string): void;
  clear(vendor?: Vendor): void;
  list(): ActiveFault[];
  /** The first fault that fits, counted as a hit. */
  meet(target: FaultTarget): ActiveFault | undefined;
  /** True while the vendor's door is to be shut: refused, for everyone and everything. */
  isRefused(vendor: Vendor): boolean;
};

/** `onChange` is called when a fault comes or goes, so that a listener can shut its door or open it. */
export function createFaults(story: Clock, random: Random, onChange: (vendor: Vendor) => void): Faults {
  const active = new Map<string, ActiveFault>();
  const timers = new Map<string, () => void>();
  let made = 0;

  const remove = (id: string) => {
    const fault = active.get(id);
    if (!fault) return;
    timers.get(id)?.();
    timers.delete(id);
    active.delete(id);
    onChange(fault.vendor);
  };

  return {
    add(fault) {
      const id = `fault-${++made}`;
      active.set(id, { ...fault, id, hits: 0 });
      if (fault.forMs !== undefined)
        timers.set(
          id,
          story.setTimer(fault.forMs, () => remove(id)),
        );
      onChange(fault.vendor);
      return id;
    },
    remove,
    clear(vendor) {
      for (const fault of active.values()) if (!vendor || fault.vendor === vendor) remove(fault.id);
    },
    list: () => [...active.values()].map((fault) => ({ ...fault })),
    meet(target) {
      for (const fault of active.values()) {
        if (!fits(fault, target)) continue;
        if (fault.rate !== undefined && random.next() >= fault.rate) continue;
        fault.hits++;
        if (fault.count !== undefined && fault.hits >= fault.count) remove(fault.id);
        return fault;
      }
      return undefined;
    },
    isRefused: (vendor) => [...active.values()].some((fault) => fault.vendor === vendor && shutsTheDoor(fault)),
  };
}

/** A refusal that hits only some requests has to let them in first; see `damage.ts`. */
function shutsTheDoor(fault: Fault): boolean {
  const forAll = !fault.operation && !fault.credential && fault.count === undefined && fault.rate === undefined;
  return fault.kind === 'refused' && forAll;
}

function fits(fault: Fault, target: FaultTarget): boolean {
  return (
    fault.vendor === target.vendor &&
    operationMatches(fault.operation, target.method, target.path) &&
    (!fault.credential || target.credential.includes(fault.credential))
  );
}
