/** Fly.io through its command line: rolling, machine by machine, with the checks of deploy/fly.toml. */
import { commands, filled, needed, type Target, type TargetGiven } from './target.ts';

export function flyTarget(given: TargetGiven): Target {
  const app = needed(given.app, '--app', 'fly');
  const image = needed(given.image, '--image, such as registry.fly.io/ava-api:{version}', 'fly');
  const config = given.flyConfig ?? 'deploy/fly.toml';
  return {
    name: 'fly',
    rolls: 'platform',
    prepare: () => commands(['fly', 'status', '--app', app]),
    checkSchema: () => [],
    migrate: () => [],
    put: (build) =>
      commands([
        ...['fly', 'deploy', '--app', app, '--config', config],
        ...['--image', filled(image, build), '--strategy', 'rolling'],
      ]),
    drains: 'by Fly.io: SIGTERM and kill_timeout, one machine after the other',
    schemaNote: 'release_command runs `ava migrate`, which refuses by itself; Fly.io then keeps the old version',
  };
}
