/** Why a release ended as it did, in words that an owner understands. */
import type { Journal } from './journal.ts';
import { nameOf, type Step } from './plan.ts';

export function endedWell(journal: Journal): string {
  const { plan, watch } = journal;
  return [
    `AVA ${nameOf(plan.build)} runs on ${all(journal)} and stays.`,
    `Each was replaced without interrupting the others and passed the smoke checks.`,
    `It was then watched for ${minutes(watch?.watchedMs ?? 0)}, and every promise was kept.`,
  ].join(' ');
}

export function acceptedWell(journal: Journal): string {
  const { plan, watch, criteria } = journal;
  const open = criteria.filter(({ state }) => state === 'hold').map(({ name }) => name);
  return [
    `AVA ${nameOf(plan.build)} runs on ${all(journal)} and stays, because a person accepted it.`,
    `In the ${minutes(watch?.watchedMs ?? 0)} that it was watched nothing broke, but there was too little traffic to judge: ${open.join(', ')}.`,
  ].join(' ');
}

export function nothingChanged({ plan }: Journal, step: Step, detail: string): string {
  const why =
    step.id === 'schema-check'
      ? 'the version that runs could not live with the changes it makes to the database'
      : step.id === 'migrate'
        ? 'the database could not be brought up to date'
        : 'it is not there, or its platform did not answer';
  return `AVA ${nameOf(plan.build)} was not released: ${why}. Nothing was changed; ${nameOf(plan.from)} goes on answering. What was said: ${detail}`;
}

export function redReason(step: Step, detail: string): string {
  if (step.does === 'watch') return `while it was watched, it broke a promise. ${plainly(detail)}${detail}.`;
  const where = step.replica === null ? '' : ` on ${step.replica}`;
  if (step.does === 'glance')
    return `the first people it served${where} did not get what they should. ${plainly(detail)}${detail}.`;
  if (step.does === 'smoke') return `the smoke checks failed${where}. ${detail}`;
  if (step.does === 'prove') return `the new version did not answer as itself${where} in time. ${detail}`;
  return `a command failed${where}. ${detail}`;
}

const PLAIN: [RegExp, string][] = [
  [/5xx by AVA's own fault/, 'It answered requests with errors that were its own fault. '],
  [/correlation id/, 'It answered requests without the id by which problems are traced. '],
  [/circuit breakers/, 'Its connections to vendors were cut and restored too often. '],
  [/429/, 'It refused people who had not asked too often. '],
  [/Twilio clients/, 'It opened a new connection to Twilio for nearly every request. '],
  [/P95/, 'It had become slow. '],
  [/One version/, 'Two versions answered at the same time. '],
  [/Answers/, 'A replica did not answer. '],
];

function plainly(detail: string): string {
  return PLAIN.flatMap(([words, sentence]) => (words.test(detail) ? [sentence] : [])).join('');
}

export function wentBack(journal: Journal): string {
  const { plan, red, returnedAt } = journal;
  if (plan.kind === 'rollback') {
    return `AVA is back on ${nameOf(plan.build)}: ${all(journal)} answer as that version and passed the smoke checks. Before, ${nameOf(plan.from)} ran.`;
  }
  const took = red === undefined || returnedAt === undefined ? '' : ` ${secondsBetween(red.at, returnedAt)} later`;
  return [
    `AVA ${nameOf(plan.build)} was taken back: ${red?.reason ?? 'somebody asked for it.'}`,
    `The old version ${nameOf(plan.from)} was back${took} on every replica that had been changed; each says so itself and passed the smoke checks.`,
    'Nothing has to be done now. Before it is released again, the developers should look at what is named here.',
  ].join(' ');
}

export function notBack(journal: Journal, failed: string[]): string {
  const { plan, red } = journal;
  const goal = plan.kind === 'release' ? nameOf(plan.from) : nameOf(plan.build);
  const why = red === undefined ? '' : ` It was taken back because ${red.reason}`;
  return `AVA is not whole: not every replica came back to ${goal}. Look at these now: ${failed.join('; ')}.${why}`;
}

/** Where things stand, for somebody who finds a release that was interrupted. */
export function standing(journal: Journal): string {
  const { plan, states, phase, startedAt, red, ending } = journal;
  const head = `The ${plan.kind} of ${plan.url} to ${nameOf(plan.build)} (${plan.target}), begun ${startedAt}`;
  if (ending !== undefined) return `${head}, has ended: ${ending.state}. ${ending.reason}`;
  const replicas = plan.replicas.map(
    ({ name, from }) => `  ${name}: ${STATES[states[name] ?? 'old']} (before: ${nameOf(from)})`,
  );
  const why = red === undefined ? [] : [`It goes back because ${red.reason}`];
  return [`${head}, is not finished: ${PHASES[phase]}.`, ...replicas, ...why].join('\n');
}

const STATES = {
  old: 'not touched',
  changing: 'being replaced; what runs there is not certain',
  new: 'runs the new version, verified',
  returning: 'being put back; what runs there is not certain',
  returned: 'back on the version it had, verified',
};

const PHASES = {
  preparing: 'nothing was changed yet',
  rolling: 'replicas are being replaced',
  watching: 'every replica is replaced, the watch is not over',
  holding: 'every replica is replaced, but the watch saw too little to judge',
  rolling_back: 'it is being rolled back',
  ended: 'it has ended',
};

function all({ plan }: Journal): string {
  const count = plan.replicas.length;
  return count === 1 ? 'the only replica' : `all ${count} replicas`;
}

function minutes(ms: number): string {
  return ms < 90_000 ? `${Math.round(ms / 1000)} seconds` : `${Math.round(ms / 60_000)} minutes`;
}

export function secondsBetween(from: string, to: string): string {
  return `${Math.round((Date.parse(to) - Date.parse(from)) / 100) / 10} s`;
}
