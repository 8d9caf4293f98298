/** Railway through its command line. It has no command for an older deployment: the way back uploads that source again. */
import { type Build, commands, filled, needed, type Target, type TargetGiven } from './target.ts';

export function railwayTarget(given: TargetGiven): Target {
  const service = needed(given.service, '--service', 'railway');
  const source = needed(given.source, '--source, the folder of a version such as releases/{version}', 'railway');
  const environment = given.environment === undefined ? [] : ['--environment', given.environment];
  const folder = (build: Build) => filled(source, build);
  return {
    name: 'railway',
    rolls: 'platform',
    prepare: (build) => commands(['railway', 'status'], ['test', '-f', `${folder(build)}/package.json`]),
    checkSchema: () => [],
    migrate: () => [],
    // It returns once it is built; /healthz then tells when the new version answers.
    put: (build) => commands(['railway', 'up', folder(build), '--ci', '--service', service, ...environment]),
    drains: 'by Railway: overlapSeconds, then SIGTERM and drainingSeconds',
    schemaNote: 'preDeployCommand runs `ava migrate`, which refuses by itself; Railway then keeps the old version',
  };
}
