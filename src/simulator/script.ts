import type { Control } from './control.ts';

export type Script = { name: string; steps: unknown[] };
export function playScript(_control: Control, script: Script): Promise<{ name: string }> {
  return Promise.resolve({ name: script.name });
}
