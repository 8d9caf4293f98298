import type { Probe } from './probe.ts';
import type { Sessions } from './session.ts';

export type VerifyOptions = {
  url: string;
  token: string;
  /** Requests a minute that one user may make. */
  limit: number;
  expectVersion?: string | undefined;
  expectCommit?: string | undefined;
  metricsToken?: string | undefined;
  /** The server's log file, where it can be read from here. */
  logFile?: string | undefined;
  /** The browser that the dashboard is looked at in; undefined: one that is found in its usual place. */
  browser?: string | undefined;
};

/** What every check is given. */
export type VerifyContext = { probe: Probe; sessions: Sessions; options: VerifyOptions };
