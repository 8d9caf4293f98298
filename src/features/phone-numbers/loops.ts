/** Plans that would ring in a circle are refused when they are made. */
import type { RoutingPlan } from './fallback.ts';
import type { NumberRow } from './routing-store.ts';

type Planned = { phoneNumber: string; plan: Pick<RoutingPlan, 'fallback'> };

/** Follows the people of a plan through the tenant's own numbers; a sentence when the way leads back, else undefined. */
export function findLoop(changed: Planned, numbers: readonly NumberRow[]): string | undefined {
  const targets = new Map(numbers.map((row) => [row.phone_number, peopleOf(row.plan as Planned['plan'] | null)]));
  targets.set(changed.phoneNumber, peopleOf(changed.plan));
  const open = peopleOf(changed.plan).map((number) => [number]);
  const seen = new Set<string>();
  for (let way = open.pop(); way !== undefined; way = open.pop()) {
    const last = way.at(-1)!;
    if (last === changed.phoneNumber) return sentence(changed.phoneNumber, way);
    if (seen.has(last)) continue;
    seen.add(last);
    for (const next of targets.get(last) ?? []) open.push([...way, next]);
  }
  return undefined;
}

function peopleOf(plan: Planned['plan'] | null): string[] {
  return plan?.fallback.people.map((person) => person.phone_number) ?? [];
}

function sentence(number: string, way: string[]): string {
  if (way.length === 1) return `${number} cannot be its own fallback: the call would come back for ever.`;
  return `The fallback of ${number} leads back to it over ${way.slice(0, -1).join(', ')}.`;
}
