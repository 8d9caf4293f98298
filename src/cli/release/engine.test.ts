import { describe, expect, it } from 'vitest';
import type { Check } from '../../features/releases/contract.ts';
import { carryOut, Interrupted, type StepResult, type Tools, turnRed } from './engine.ts';
import { beginJournal, type Journal } from './journal.ts';
import { makePlan, type Plan, type Step } from './plan.ts';
import { makeTarget } from './targets/all.ts';

const PLACES = ['a', 'b', 'c'].map((name) => ({ name, url: `http://${name}` }));

function planned(kind: Plan['kind'] = 'release'): Plan {
  const target = makeTarget('command', { start: 'start', stop: 'stop', check: 'check' }, PLACES);
  return makePlan(target, {
    ...{ kind, url: 'http://ava', build: { version: '2' }, processes: 1, watch: '1h', startTimeout: '60s' },
    replicas: PLACES.map((place) => ({ ...place, from: { version: '1' } })),
  });
}

type World = {
  fails?: (step: Step) => boolean;
  verdict?: 'pass' | 'fail' | 'hold';
  onStep?: (step: Step) => void;
};

/** A world in which every step is noted, and those that `fails` names fail. */
function start(world: World = {}, plan = planned()) {
  const seen: string[] = [];
  const interruption = new AbortController();
  const settings = { watchMs: 1, everyMs: 1, startTimeoutMs: 1, limit: 10 };
  const journal: Journal = beginJournal(plan, { settings, schemaNote: '', now: new Date(0), random: 'x' });
  const act = async (step: Step): Promise<StepResult> => {
    seen.push(step.id);
    world.onStep?.(step);
    return world.fails?.(step) ? { isDone: false, detail: 'broken' } : { isDone: true, detail: 'fine' };
  };
  const check = (state: Check['state']): Check => ({
    ...{ id: 'x', requirement: null, title: 'Settings', detail: 'seen', duration_ms: 1, evidence: [] },
    state,
  });
  const tools: Tools = {
    ...{ keep: () => {}, say: () => {}, now: () => new Date(0), signal: interruption.signal },
    ...{ run: act, prove: act, glance: act },
    smoke: async (step) => ({ checks: [check((await act(step)).isDone ? 'passed' : 'failed')] }),
    watch: async () => ({
      verdict: world.verdict ?? 'pass',
      criteria: [{ name: "5xx by AVA's own fault", state: world.verdict ?? 'pass', detail: '3 of 9 requests' }],
    }),
  };
  return { journal, tools, seen, interruption };
}

const laneOf = (name: string, prefix = '') =>
  ['replace', 'prove', 'smoke', ...(prefix === '' ? ['glance'] : [])].map((step) => `${name}/${prefix}${step}`);

describe('carrying a release out', () => {
  it('does the steps of the plan in order, one replica after the other, and then stays', async () => {
    const { journal, tools, seen } = start();
    await carryOut(journal, tools);
    expect(seen).toEqual(['schema-check', ...laneOf('a'), ...laneOf('b'), ...laneOf('c')]);
    expect(journal.ending).toMatchObject({ state: 'succeeded' });
    expect(journal.ending?.reason).toContain('every promise was kept');
  });

  it('refuses before anything is changed when the running version cannot live with the schema', async () => {
    const { journal, tools, seen } = start({ fails: ({ id }) => id === 'schema-check' });
    await carryOut(journal, tools);
    expect(seen).toEqual(['schema-check']);
    expect(journal.ending).toMatchObject({ state: 'failed', reason: expect.stringContaining('Nothing was changed') });
  });

  it.each(['replace', 'prove', 'smoke', 'glance'])(
    'takes back only what it had changed when "%s" fails',
    async (step) => {
      const { journal, tools, seen } = start({ fails: ({ id }) => id === `b/${step}` });
      await carryOut(journal, tools);
      expect(journal.states).toEqual({ a: 'returned', b: 'returned', c: 'old' });
      expect(seen.filter((id) => id.includes('back/')).toSorted()).toEqual(
        [...laneOf('a', 'back/'), ...laneOf('b', 'back/')].toSorted(),
      );
      expect(journal.ending).toMatchObject({ state: 'rolled_back', reason: expect.stringContaining('on b') });
    },
  );

  it('takes every replica back when the watch turns red, and says in plain words why', async () => {
    const { journal, tools } = start({ verdict: 'fail' });
    await carryOut(journal, tools);
    expect(journal.states).toEqual({ a: 'returned', b: 'returned', c: 'returned' });
    expect(journal.ending?.reason).toContain('It answered requests with errors that were its own fault.');
    expect([journal.red?.at, journal.returnedAt]).toEqual([new Date(0).toISOString(), new Date(0).toISOString()]);
  });

  it('holds where there was too little to judge: neither passed nor taken back', async () => {
    const { journal, tools } = start({ verdict: 'hold' });
    await carryOut(journal, tools);
    expect([journal.phase, journal.ending]).toEqual(['holding', undefined]);
    turnRed(journal, tools, 'Somebody asked for it.');
    await carryOut(journal, tools);
    expect(journal.ending).toMatchObject({ state: 'rolled_back' });
  });

  it('says which replica did not come back, and brings the others back all the same', async () => {
    const { journal, tools } = start({ verdict: 'fail', fails: ({ id }) => id === 'b/back/prove' });
    await carryOut(journal, tools);
    expect(journal.states).toEqual({ a: 'returned', b: 'returning', c: 'returned' });
    expect(journal.ending).toMatchObject({ state: 'failed', reason: expect.stringContaining('b: broken') });
  });

  it('is interrupted between two steps, and goes on from there without doing anything twice', async () => {
    const first = start();
    const { journal, seen, interruption } = first;
    const tools = {
      ...first.tools,
      prove: async (step: Step) => (interruption.abort(), first.tools.run(step as never)),
    };
    await expect(carryOut(journal, tools)).rejects.toBeInstanceOf(Interrupted);
    expect([journal.phase, journal.states['a']]).toEqual(['rolling', 'changing']);
    const again = start();
    await carryOut(JSON.parse(JSON.stringify(journal)) as Journal, again.tools);
    expect([...seen, ...again.seen]).toEqual(['schema-check', ...laneOf('a'), ...laneOf('b'), ...laneOf('c')]);
  });

  it('rolls every replica back to the version that was asked for, after the schema check', async () => {
    const { journal, tools, seen } = start({}, planned('rollback'));
    await carryOut(journal, tools);
    expect(seen[0]).toBe('schema-check');
    expect(journal.ending).toMatchObject({ state: 'succeeded', reason: expect.stringContaining('AVA is back on 2') });
    expect(journal.plan.lanes).toEqual([]);
  });
});
