import { CircleCheck, CircleDashed, Hand, Zap } from 'lucide-react';
import type { ReactNode } from 'react';
import type { z } from 'zod';
import type { circuitSchema } from '../../features/system/contract.ts';
import type { Text } from '../text/en.ts';
import { Badge, type Tone } from './Badge.tsx';

export type Circuit = z.output<typeof circuitSchema>;
type State = Circuit['state'];

const LOOKS: Record<State, { tone: Tone; icon: ReactNode }> = {
  closed: { tone: 'good', icon: <CircleCheck aria-hidden /> },
  open: { tone: 'bad', icon: <Zap aria-hidden /> },
  half_open: { tone: 'warn', icon: <CircleDashed aria-hidden /> },
  isolated: { tone: 'bad', icon: <Hand aria-hidden /> },
};

export function CircuitState({ state, words }: { state: State; words: Record<string, string> }) {
  const look = LOOKS[state];
  return (
    <Badge tone={look.tone} icon={look.icon}>
      {words[state] ?? state}
    </Badge>
  );
}

const VENDORS: Record<string, string> = {
  vapi: 'Vapi',
  twilio: 'Twilio',
  slack: 'Slack',
  pagerduty: 'PagerDuty',
  google: 'Google',
  microsoft: 'Microsoft',
};

/** The vendor's name, or what it is where AVA has several of a kind. */
export function nameOfUpstream(upstream: string, text: Text): string {
  return VENDORS[upstream] ?? text.operations.upstreams[upstream] ?? upstream;
}

/** The vendor's name; a credential's own circuit says so. */
export function nameOfCircuit(circuit: { upstream: string; scope: string }, text: Text): string {
  const vendor = nameOfUpstream(circuit.upstream, text);
  return circuit.scope === 'credential' ? `${vendor}, ${text.operations.circuits.credential.toLowerCase()}` : vendor;
}
