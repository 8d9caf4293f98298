import type { Tone } from './Badge.tsx';

export const SEVERITY_TONES = { critical: 'bad', warning: 'warn', info: 'info' } satisfies Record<string, Tone>;
