import type { Faults } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { Time } from './time.ts';
import type { Vendor } from './vendors.ts';

/** A request as the hooks of the whole-house tests see it; nothing is masked. */
export type SeenRequest = {
  method: string;
  path: string;
  query: Record<string, unknown>;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
};
export type SeenAnswer = { status: number; body: string };

/** Called for every request and answer, unmasked: the seam by which tests check them against the vendors' documents. */
export type Hooks = {
  onRequest?(vendor: Vendor, request: SeenRequest): void;
  onAnswer?(vendor: Vendor, request: SeenRequest, answer: SeenAnswer): void;
};

/** What all twins and sinks share. */
export type World = {
  seed: number;
  time: Time;
  random: Random;
  faults: Faults;
  ledger: Ledger;
  hooks: Hooks;
};
