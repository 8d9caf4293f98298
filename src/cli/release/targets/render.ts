/** Render through its command line: it builds or pulls, runs `ava migrate` before it deploys, waits for /readyz, and drains. */
import { type Build, commands, filled, needed, type Target, type TargetGiven } from './target.ts';

export function renderTarget(given: TargetGiven): Target {
  const service = needed(given.service, '--service, the id of the service', 'render');
  const what = (build: Build) =>
    given.image === undefined
      ? ['--commit', filled(given.ref ?? '{commit}', build)]
      : ['--image', filled(given.image, build)];
  return {
    name: 'render',
    rolls: 'platform',
    prepare: () => commands(['render', 'services', '--output', 'json', '--confirm']),
    checkSchema: () => [],
    migrate: () => [],
    put: (build) =>
      commands([
        ...['render', 'deploys', 'create', service, ...what(build)],
        ...['--wait', '--confirm', '--output', 'json'],
      ]),
    drains: 'by Render: the old instance gets SIGTERM once the new one is ready',
    schemaNote: 'preDeployCommand runs `ava migrate`, which refuses by itself; Render then keeps the old version',
  };
}
