/**
 * What a release or a rollback will do, computed before anything is done. The engine does these steps and no others, so
 * what `--dry-run` shows is what happens.
 */
import type { ReleasePlan, ReleaseStep } from '../../features/releases/contract.ts';
import type { Build, Command, Place, Target } from './targets/target.ts';

export type ReplicaPlan = Place & { from: Build };

type StepBase = { id: string; replica: string | null; title: string; until: string; otherwise: string };

export type Step = StepBase &
  (
    | { does: 'run'; commands: Command[] }
    /** Until /healthz names the build at every place, and /readyz says yes. */
    | { does: 'prove'; build: Build; places: Place[]; processes: number }
    | { does: 'smoke'; build: Build; place: Place; isBack: boolean }
    /** One look at what people got from it so far, before the next replica is touched. */
    | { does: 'glance'; place: Place }
    | { does: 'watch' }
  );

/** Steps that belong together: those of one replica, or of a platform that rolls by itself. */
export type Lane = { replicas: string[]; steps: Step[] };

export type Plan = {
  kind: 'release' | 'rollback';
  target: string;
  url: string;
  build: Build;
  /** What answered before, by most replicas. */
  from: Build;
  replicas: ReplicaPlan[];
  /** How many processes answer at each address. */
  processes: number;
  before: Step[];
  lanes: Lane[];
  after: Step[];
  back: Lane[];
  /** So many lanes go back at the same time; the others keep on answering meanwhile. */
  backAtOnce: number;
};

export type PlanOptions = {
  kind: Plan['kind'];
  url: string;
  build: Build;
  replicas: ReplicaPlan[];
  /** How many processes answer at `url`, where the replicas have no addresses of their own. */
  processes: number;
  watch: string;
  startTimeout: string;
};

const STOP = 'stop: nothing was changed';
const BACK = 'roll back every replica that was changed';
const SAY = 'go on with the others, and say so';

export function makePlan(target: Target, options: PlanOptions): Plan {
  const { kind, build, replicas, url, processes } = options;
  const isRelease = kind === 'release';
  const back =
    target.rolls === 'ava' ? replicas.map((one) => backLane(target, one, options)) : [platformBack(target, options)];
  const forward =
    target.rolls === 'ava' ? replicas.map((one) => lane(target, one, options)) : [platformLane(target, options)];
  return {
    kind,
    target: target.name,
    url,
    build,
    from: replicas[0]!.from,
    replicas,
    processes,
    before: beforeSteps(target, options),
    lanes: isRelease ? forward : [],
    after: isRelease ? [watchStep(options)] : [],
    back,
    backAtOnce: Math.max(1, Math.floor(replicas.length / 2)),
  };
}

function beforeSteps(target: Target, { kind, build }: PlanOptions): Step[] {
  const name = nameOf(build);
  const run = (id: string, title: string, until: string, commands: Command[]): Step[] =>
    commands.length === 0 ? [] : [{ does: 'run', id, replica: null, title, until, otherwise: STOP, commands }];
  const check = target.checkSchema(build);
  const schema = `the versions that run can live with the schema of ${name}`;
  return [
    ...run('prepare', `Look whether ${name} is there`, 'every command ends with 0', target.prepare(build)),
    ...run('schema-check', 'Check the schema with `ava migrate --check`', schema, check),
    ...(kind === 'release'
      ? run('migrate', 'Bring the database up to date', 'it ends with 0', target.migrate(build))
      : []),
  ];
}

function lane(target: Target, replica: ReplicaPlan, options: PlanOptions): Lane {
  const place = { name: replica.name, url: replica.url };
  const glance: Step = {
    ...{ does: 'glance', id: `${replica.name}/glance`, replica: replica.name, place, otherwise: BACK },
    title: 'Look at what people got from it so far',
    until: 'no error of its own, no answer without an id',
  };
  return { replicas: [replica.name], steps: [...replaceSteps(target, replica, options.build, options, false), glance] };
}

/** A release goes back to what each replica had; a rollback goes to the version that was asked for. */
function backLane(target: Target, replica: ReplicaPlan, options: PlanOptions): Lane {
  const build = options.kind === 'release' ? replica.from : options.build;
  return { replicas: [replica.name], steps: replaceSteps(target, replica, build, options, true) };
}

function replaceSteps(
  target: Target,
  replica: Place,
  build: Build,
  { startTimeout }: PlanOptions,
  isBack: boolean,
): Step[] {
  const { name } = replica;
  const id = (step: string) => `${name}/${isBack ? 'back/' : ''}${step}`;
  const otherwise = isBack ? SAY : BACK;
  const place = { name, url: replica.url };
  const title = `Drain, and put ${nameOf(build)} in its place`;
  return [
    {
      ...{ does: 'run', id: id('replace'), replica: name, title, otherwise },
      until: `drained (${target.drains}); every command ends with 0`,
      commands: target.put(build, place),
    },
    {
      ...{ does: 'prove', id: id('prove'), replica: name, title: 'Ask which version answers', otherwise },
      until: `${place.url}/healthz says ${nameOf(build)} and /readyz says yes within ${startTimeout}`,
      ...{ build, places: [place], processes: 1 },
    },
    {
      ...{ does: 'smoke', id: id('smoke'), replica: name, title: 'Verify with the smoke checks', otherwise },
      ...{ until: 'no check fails', build, place, isBack },
    },
  ];
}

function platformLane(target: Target, options: PlanOptions): Lane {
  return {
    replicas: options.replicas.map(({ name }) => name),
    steps: platformSteps(target, options, options.build, false),
  };
}

function platformBack(target: Target, options: PlanOptions): Lane {
  const build = options.kind === 'release' ? options.replicas[0]!.from : options.build;
  return { replicas: options.replicas.map(({ name }) => name), steps: platformSteps(target, options, build, true) };
}

function platformSteps(target: Target, options: PlanOptions, build: Build, isBack: boolean): Step[] {
  const { replicas, processes, url, startTimeout } = options;
  const id = (step: string) => `${target.name}/${isBack ? 'back/' : ''}${step}`;
  const otherwise = isBack ? SAY : BACK;
  const places = replicas.map(({ name, url: at }) => ({ name, url: at }));
  const where = places.map((place) => place.url).join(', ');
  const whole = { name: target.name, url };
  return [
    {
      ...{ does: 'run', id: id('deploy'), replica: null, otherwise },
      title: `Let ${target.name} put ${nameOf(build)} everywhere, one replica after the other`,
      until: `drained (${target.drains}); every command ends with 0`,
      commands: target.put(build, whole),
    },
    {
      ...{ does: 'prove', id: id('prove'), replica: null, title: 'Ask which version answers', otherwise },
      until: `every answer of /healthz at ${where} says ${nameOf(build)} within ${startTimeout}`,
      ...{ build, places, processes },
    },
    ...places.map((place) => ({
      ...{ does: 'smoke' as const, id: id(`smoke ${place.name}`), replica: place.name, otherwise },
      ...{ title: 'Verify with the smoke checks', until: 'no check fails', build, place, isBack },
    })),
  ];
}

function watchStep({ watch }: PlanOptions): Step {
  return {
    ...{ does: 'watch', id: 'watch', replica: null, title: `Watch every replica for ${watch}` },
    until: 'every criterion is met at the end; too little to judge is a hold, not a pass',
    otherwise: BACK,
  };
}

/** The plan as others see it: steps, and commands as a shell would take them. */
export function shownPlan({ before, lanes, after, back }: Plan): ReleasePlan {
  const all = (given: Lane[]) => given.flatMap(({ steps }) => steps);
  return {
    steps: [...before, ...all(lanes), ...after].map(shownStep),
    back: all(back).map(shownStep),
  };
}

function shownStep(step: Step): ReleaseStep {
  const { id, replica, title, until, otherwise } = step;
  const commands = step.does === 'run' ? step.commands.map(shownCommand) : [];
  return { id, replica, title, commands, until, otherwise };
}

export function shownCommand({ argv }: Command): string {
  return argv
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`))
    .join(' ')
    .slice(0, 4000);
}

export function nameOf({ version, commit }: Build): string {
  return commit === undefined ? version : `${version} (${commit})`;
}
