/** What a platform has to say about itself: which commands put a version where. It runs nothing; the plan shows it first. */

export type Command = {
  argv: readonly string[];
  /** Added to the environment of the command. */
  env?: Record<string, string>;
};

/** What is put somewhere. */
export type Build = { version: string; commit?: string | undefined };

/** `name` is what the platform calls it: a unit, a host, a label of one's own. */
export type Place = { name: string; url: string };

export type Target = {
  name: TargetName;
  /** Who replaces the replicas: AVA one after the other, or the platform, which rolls by itself. */
  rolls: 'ava' | 'platform';
  /** Look whether the build is there at all, before anything is changed. */
  prepare(build: Build): Command[];
  /** `ava migrate --check` of the build; none where the platform runs `ava migrate` itself before it deploys. */
  checkSchema(build: Build): Command[];
  /** `ava migrate` of the build; none where the platform runs it. */
  migrate(build: Build): Command[];
  /** Drain `place`, replace it by the build, start it; for a platform: all of it. Safe to run again. */
  put(build: Build, place: Place): Command[];
  /** How a replica is drained, in words. */
  drains: string;
  /** Who looks after the schema where `checkSchema` gives nothing. */
  schemaNote: string;
};

export const TARGET_NAMES = ['systemd', 'ssh', 'kubernetes', 'render', 'railway', 'fly', 'command'] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

/** As the command line gives them; each target takes the ones that it needs. */
export type TargetGiven = {
  unit?: string | undefined;
  root?: string | undefined;
  sudo?: boolean | undefined;
  image?: string | undefined;
  namespace?: string | undefined;
  context?: string | undefined;
  deployment?: string | undefined;
  service?: string | undefined;
  environment?: string | undefined;
  app?: string | undefined;
  flyConfig?: string | undefined;
  ref?: string | undefined;
  source?: string | undefined;
  start?: string | undefined;
  stop?: string | undefined;
  check?: string | undefined;
  migrate?: string | undefined;
};

/** Options that do not fit the target. */
export class BadOption extends Error {
  override readonly name = 'BadOption';
}

export const TARGET_DRAINS = 'SIGTERM: /readyz says 503, what is under way ends within SHUTDOWN_GRACE_SECONDS';

/** A template such as `registry/ava:{version}`, filled in. */
export function filled(template: string, { version, commit }: Build): string {
  if (template.includes('{commit}') && commit === undefined) {
    throw new BadOption(`"${template}" needs the commit: pass --commit.`);
  }
  return template.replaceAll('{version}', version).replaceAll('{commit}', commit ?? '');
}

export function needed(value: string | undefined, option: string, target: TargetName): string {
  if (value === undefined || value === '') throw new BadOption(`--target ${target} needs ${option}.`);
  return value;
}

export function commands(...argvs: (readonly string[])[]): Command[] {
  return argvs.map((argv) => ({ argv }));
}
