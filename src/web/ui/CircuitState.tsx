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
  email: 'E-mail',
  calendar: 'Calendar',
  slack: 'Slack',
  pagerduty: 'PagerDuty',
  google: 'Google',
  microsoft: 'Microsoft',
};

/** The vendor's name; a credential's own circuit says so. */
export function nameOfCircuit(circuit: { upstream: string; scope: string }, text: Text): string {
  const vendor = VENDORS[circuit.upstream] ?? circuit.upstream;
  return circuit.scope === 'credential' ? `${vendor}, ${text.operations.circuits.credential.toLowerCase()}` : vendor;
}
