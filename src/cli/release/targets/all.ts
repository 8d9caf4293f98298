/** LIST: where a release can be put. */
import { commandTarget } from './command.ts';
import { flyTarget } from './fly.ts';
import { kubernetesTarget } from './kubernetes.ts';
import { railwayTarget } from './railway.ts';
import { renderTarget } from './render.ts';
import { sshTarget } from './ssh.ts';
import { systemdTarget } from './systemd.ts';
import type { Place, Target, TargetGiven, TargetName } from './target.ts';

const TARGETS: Record<TargetName, (given: TargetGiven, places: readonly Place[]) => Target> = {
  systemd: systemdTarget,
  ssh: sshTarget,
  kubernetes: kubernetesTarget,
  render: renderTarget,
  railway: railwayTarget,
  fly: flyTarget,
  command: commandTarget,
};

/** Throws `BadOption` when an option is missing that the target needs. */
export function makeTarget(name: TargetName, given: TargetGiven, places: readonly Place[]): Target {
  return TARGETS[name](given, places);
}
