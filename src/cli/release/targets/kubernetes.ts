/** Kubernetes through kubectl: the deployment of deploy/kubernetes rolls by itself, with its own probes and preStop. */
import { type Build, commands, filled, needed, type Target, type TargetGiven } from './target.ts';

const CHECK = 'ava-schema-check';
const PATIENCE = '--timeout=300s';

export function kubernetesTarget(given: TargetGiven): Target {
  const template = needed(given.image, '--image, such as registry/ava-api:{version}', 'kubernetes');
  const name = given.deployment ?? 'ava-api';
  const kubectl = [
    'kubectl',
    ...(given.context === undefined ? [] : ['--context', given.context]),
    ...(given.namespace === undefined ? [] : ['--namespace', given.namespace]),
  ];
  const image = (build: Build) => filled(template, build);
  return {
    name: 'kubernetes',
    rolls: 'platform',
    prepare: () => commands([...kubectl, 'get', `deployment/${name}`, '--output', 'name']),
    checkSchema: (build) => commands([...kubectl, ...checkPod(image(build))]),
    // The init container runs `ava migrate` of the new version.
    migrate: () => [],
    // By image and not by `rollout undo`: the same command twice must not swing back.
    put: (build) =>
      commands(
        [...kubectl, 'set', 'image', `deployment/${name}`, `ava-api=${image(build)}`, `migrate=${image(build)}`],
        [...kubectl, 'rollout', 'status', `deployment/${name}`, PATIENCE],
      ),
    drains: 'by Kubernetes: the pod leaves the service, preStop waits, then SIGTERM',
    schemaNote: '',
  };
}

/** A pod that runs once with the settings of the service; its exit code is that of the command. */
function checkPod(image: string): string[] {
  const command = ['node', 'src/cli/main.ts', 'migrate', '--check'];
  const container = { name: CHECK, image, command, envFrom: [{ secretRef: { name: 'ava-api' } }] };
  const overrides = JSON.stringify({ apiVersion: 'v1', spec: { containers: [container] } });
  return [
    ...['run', CHECK, '--quiet', '--rm', '--attach', '--restart=Never'],
    ...[`--image=${image}`, `--overrides=${overrides}`],
  ];
}
