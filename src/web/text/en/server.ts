/**
 * What the server says in sentences of its own. In English they are shown as they come; another language says them from
 * their codes and figures, and leaves those that it does not know.
 */
export type ServerEntry = { name: string; details: Record<string, unknown> };
/** Sentences, with what stands in their numbered gaps. */
export type CheckSaid = readonly { words: string; values: string[] }[];
export type AlertWords = { summary: string; meaning: string; action: string };

const asItComes = (): string | undefined => undefined;

export const server = {
  /** An entry of a call's timeline. */
  timeline: asItComes as (entry: ServerEntry) => string | undefined,
  /** A warning about a number's routing. */
  warning: asItComes as (code: string) => string | undefined,
  /** What an alert's rule says. */
  alert: asItComes as (rule: string) => AlertWords | undefined,
  /** The title of a check of a verification. */
  check: asItComes as (id: string) => string | undefined,
  /** What it saw. */
  checkSaid: asItComes as (said: CheckSaid) => string | undefined,
  /** The steps of a routing test. */
  assistantStep: 'The assistant answers. Should it drop out, the rest of this plan follows.',
  ringStep: (name: string, seconds: number) => `${name} is rung for ${seconds} seconds.`,
  ringAllStep: (seconds: number) => `Everybody is rung at once for ${seconds} seconds.`,
};
