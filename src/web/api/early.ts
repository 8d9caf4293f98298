/**
 * The two questions whose answers are the largest thing on the start page, asked before there is a page to ask them.
 * Each answer is handed out once; later questions go the usual way.
 */
import { api } from './api.ts';

type Early = {
  numbers: ReturnType<typeof api.numbers.list>;
  routingNow: ReturnType<typeof api.numbers.routingNow>;
};

let early: Partial<Early> = {};

export function askEarly(): void {
  early = { numbers: api.numbers.list({ limit: 100 }), routingNow: api.numbers.routingNow() };
  // Whoever takes the answer hears of the failure too.
  for (const answer of Object.values(early)) answer.catch(() => undefined);
}

export function takeEarly<K extends keyof Early>(name: K): Early[K] | undefined {
  const answer = early[name];
  delete early[name];
  return answer;
}
