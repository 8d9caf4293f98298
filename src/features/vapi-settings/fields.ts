/**
 * The standard settings as fields of an assistant at Vapi: where each one lives, what AVA allows and what the provider
 * allows. Vapi replaces nested objects whole, so a change is always the whole subtree with one field changed.
 */
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';

export type Range = { min: number | null; max: number | null };
export type Availability = Range & { default: unknown; unavailableReason: string | null };

export type StandardField = {
  key: string;
  type: 'string' | 'integer' | 'number' | 'boolean';
  unit: string | null;
  /** What may be written for this assistant, and why nothing may be where its provider has no such control. */
  availability(assistant: VapiAssistant): Availability;
  /** The value in force; null where there is none. */
  read(assistant: VapiAssistant): unknown;
  /** Top-level fields to send to Vapi. Call only where the field is available. */
  write(assistant: VapiAssistant, value: unknown): Record<string, unknown>;
};

type Subtree = Record<string, unknown>;

export const DEFAULT_GREETING = 'Hello, how can I help you today?';

const greeting: StandardField = {
  key: 'greeting_message',
  type: 'string',
  unit: 'characters',
  availability: () => available({ min: 1, max: 200 }, DEFAULT_GREETING),
  read: (assistant) => assistant.firstMessage ?? null,
  // In the other modes Vapi would keep the greeting and never speak it.
  write: (_assistant, value) => ({ firstMessage: value, firstMessageMode: 'assistant-speaks-first' }),
};

const maxCallDuration: StandardField = {
  key: 'max_call_duration',
  type: 'integer',
  unit: 'seconds',
  availability: () => available({ min: 60, max: 3600 }, 600),
  read: (assistant) => numberOr(assistant['maxDurationSeconds'], 600),
  write: (_assistant, value) => ({ maxDurationSeconds: value }),
};

/** Table 2.2 of Vapi's voices: the true range and default of each provider that has a speed. */
const SPEEDS: Record<string, { min: number; max: number; default: number }> = {
  vapi: { min: 0.25, max: 2, default: 1 },
  '11labs': { min: 0.7, max: 1.2, default: 1 },
  openai: { min: 0.25, max: 4, default: 1 },
  azure: { min: 0.5, max: 2, default: 1 },
  microsoft: { min: 0.5, max: 2, default: 1 },
  lmnt: { min: 0.25, max: 2, default: 1 },
  neuphonic: { min: 0.25, max: 2, default: 1 },
  playht: { min: 0.1, max: 5, default: 1 },
  'rime-ai': { min: 0.1, max: Infinity, default: 1 },
  minimax: { min: 0.5, max: 2, default: 1 },
  xai: { min: 0.7, max: 1.5, default: 1.1 },
  'smallest-ai': { min: -Infinity, max: Infinity, default: 1 },
  cartesia: { min: 0.6, max: 1.5, default: 1 },
};
const SPEED_POLICY = { min: 0.5, max: 1.2 };

const voiceSpeed: StandardField = {
  key: 'voice_speed',
  type: 'number',
  unit: 'times normal speed',
  availability(assistant) {
    const voice = subtree(assistant, 'voice');
    if (voice === undefined)
      return unavailable(SPEED_POLICY, 'The assistant has no voice of its own; choose one first.');
    const range = speedOf(voice);
    if (typeof range === 'string') return unavailable(SPEED_POLICY, range);
    const min = Math.max(SPEED_POLICY.min, range.min);
    return available({ min, max: Math.min(SPEED_POLICY.max, range.max) }, range.default);
  },
  read(assistant) {
    const voice = subtree(assistant, 'voice');
    const range = voice && speedOf(voice);
    if (voice === undefined || range === undefined || typeof range === 'string') return null;
    const held = isCartesia(voice) ? subtree(voice, 'generationConfig') : voice;
    return numberOr(held?.['speed'], range.default);
  },
  write(assistant, value) {
    const voice = subtree(assistant, 'voice') ?? {};
    if (!isCartesia(voice)) return { voice: { ...voice, speed: value } };
    return { voice: { ...voice, generationConfig: { ...subtree(voice, 'generationConfig'), speed: value } } };
  },
};

const temperature: StandardField = {
  key: 'temperature',
  type: 'number',
  unit: null,
  availability: (assistant) =>
    subtree(assistant, 'model') === undefined
      ? unavailable({ min: 0, max: 2 }, NO_MODEL)
      : available({ min: 0, max: 2 }, 0.5),
  read(assistant) {
    const model = subtree(assistant, 'model');
    return model === undefined ? null : numberOr(model['temperature'], 0.5);
  },
  write: (assistant, value) => ({ model: { ...subtree(assistant, 'model'), temperature: value } }),
};

const MAX_TOKENS_POLICY = { min: 50, max: 1000 };

const maxTokens: StandardField = {
  key: 'max_tokens',
  type: 'integer',
  unit: 'tokens per turn',
  availability(assistant) {
    const model = subtree(assistant, 'model');
    if (model === undefined) return unavailable(MAX_TOKENS_POLICY, NO_MODEL);
    if (model['provider'] === 'vapi') {
      return unavailable(MAX_TOKENS_POLICY, 'The model provider vapi has no limit of tokens.');
    }
    return available(MAX_TOKENS_POLICY, 250);
  },
  read(assistant) {
    const model = subtree(assistant, 'model');
    return model === undefined || model['provider'] === 'vapi' ? null : numberOr(model['maxTokens'], 250);
  },
  write: (assistant, value) => ({ model: { ...subtree(assistant, 'model'), maxTokens: value } }),
};

const enableTranscription: StandardField = {
  key: 'enable_transcription',
  type: 'boolean',
  unit: null,
  availability: () => available({ min: null, max: null }, true),
  read(assistant) {
    const plan = subtree(subtree(assistant, 'artifactPlan'), 'transcriptPlan');
    return typeof plan?.['enabled'] === 'boolean' ? plan['enabled'] : true;
  },
  write(assistant, value) {
    const artifactPlan = subtree(assistant, 'artifactPlan');
    return {
      artifactPlan: { ...artifactPlan, transcriptPlan: { ...subtree(artifactPlan, 'transcriptPlan'), enabled: value } },
    };
  },
};

export const STANDARD_FIELDS: readonly StandardField[] = [
  greeting,
  maxCallDuration,
  voiceSpeed,
  temperature,
  maxTokens,
  enableTranscription,
];

const BY_KEY = new Map(STANDARD_FIELDS.map((field) => [field.key, field]));

export function standardField(key: string): StandardField | undefined {
  return BY_KEY.get(key);
}

const NO_MODEL = 'The assistant has no model of its own; choose one first.';

/** The speed range of this voice, or why it has none. */
function speedOf(voice: Subtree): { min: number; max: number; default: number } | string {
  const provider = String(voice['provider']);
  const range = Object.hasOwn(SPEEDS, provider) ? SPEEDS[provider] : undefined;
  if (range === undefined) return `The voice provider ${provider} has no control of speed.`;
  if (isCartesia(voice) && typeof voice['model'] === 'string' && !voice['model'].startsWith('sonic-3')) {
    return `The voice model ${voice['model']} of cartesia has no control of speed; sonic-3 has.`;
  }
  return range;
}

// The only provider that keeps its speed one level deeper; a top-level one is refused.
function isCartesia(voice: Subtree): boolean {
  return voice['provider'] === 'cartesia';
}

function available(range: Range, fallback: unknown): Availability {
  return { ...range, default: fallback, unavailableReason: null };
}

function unavailable(range: Range, reason: string): Availability {
  return { ...range, default: null, unavailableReason: reason };
}

function subtree(parent: Subtree | undefined, name: string): Subtree | undefined {
  const value = parent?.[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Subtree) : undefined;
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}
