/** What a person changes about an assistant, as top-level fields for Vapi. */
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { AssistantChange, NewAssistant } from './contract.ts';

type Part = Record<string, unknown>;

/** Fields of a model that every provider takes; the others belong to one provider and are refused by the next. */
const MODEL_FIELDS = [
  'messages',
  'tools',
  'toolIds',
  'toolRefs',
  'knowledgeBase',
  'temperature',
  'maxTokens',
  'emotionRecognitionEnabled',
  'numFastTurns',
];
const VOICE_FIELDS = ['cachingEnabled', 'chunkPlan'];
/** What Vapi adds by itself and refuses to be sent. */
const READ_ONLY = ['id', 'orgId', 'createdAt', 'updatedAt', 'latestVersion', 'isServerUrlSecretSet'];

/** The top-level fields that make `change` of `assistant`; what is not named stays. */
export function patchOf(assistant: Partial<VapiAssistant>, change: AssistantChange): Part {
  const patch: Part = {};
  if (change.name !== undefined) patch['name'] = change.name;
  if (change.first_message !== undefined) {
    patch['firstMessage'] = change.first_message;
    // In the other modes Vapi would keep the greeting and never speak it.
    patch['firstMessageMode'] = 'assistant-speaks-first';
  }
  if (change.first_message_mode !== undefined) patch['firstMessageMode'] = change.first_message_mode;
  if (change.model !== undefined || change.prompt !== undefined) patch['model'] = modelOf(assistant.model, change);
  if (change.voice !== undefined) patch['voice'] = voiceOf(assistant.voice, change.voice);
  if (change.transcriber !== undefined) patch['transcriber'] = transcriberOf(assistant.transcriber, change.transcriber);
  return patch;
}

/** A whole assistant, with defaults that work for what was left out. */
export function newFields(wanted: NewAssistant): Part {
  return {
    firstMessage: 'Hello, how can I help you today?',
    firstMessageMode: 'assistant-speaks-first',
    maxDurationSeconds: 600,
    voice: { provider: 'vapi', voiceId: 'Elliot' },
    transcriber: { provider: 'deepgram', model: 'nova-3', language: 'en' },
    artifactPlan: { recordingEnabled: true, transcriptPlan: { enabled: true } },
    ...patchOf({}, { prompt: 'You answer the telephone of this business, politely and briefly.', ...wanted }),
  };
}

/** What Vapi accepts when the same assistant is made again. */
export function writable(assistant: VapiAssistant): Part {
  return Object.fromEntries(
    Object.entries(assistant).filter(([name, value]) => !READ_ONLY.includes(name) && value !== null),
  );
}

function modelOf(current: Part | null | undefined, { model: wanted, prompt }: AssistantChange): Part {
  const model = switched(current ?? NEW_MODEL, wanted, MODEL_FIELDS);
  if (wanted?.model !== undefined) model['model'] = wanted.model;
  // This provider alone has no limit of tokens, and refuses to be sent one.
  if (model['provider'] === 'vapi') delete model['maxTokens'];
  if (prompt !== undefined) model['messages'] = withPrompt(model['messages'], prompt);
  return model;
}

const NEW_MODEL = { provider: 'openai', model: 'gpt-4.1', temperature: 0.5, maxTokens: 250 };

function voiceOf(current: Part | null | undefined, wanted: NonNullable<AssistantChange['voice']>): Part {
  const voice = switched(current ?? {}, wanted, VOICE_FIELDS);
  if (wanted.voice_id !== undefined) voice['voiceId'] = wanted.voice_id;
  return voice;
}

function transcriberOf(current: Part | null | undefined, wanted: NonNullable<AssistantChange['transcriber']>): Part {
  const transcriber = switched(current ?? {}, wanted, []);
  if (wanted.model !== undefined) transcriber['model'] = wanted.model;
  if (wanted.language !== undefined) transcriber['language'] = wanted.language;
  return transcriber;
}

/** A copy; for another provider only with the fields that `common` names. */
function switched(current: Part, wanted: { provider: string } | undefined, common: string[]): Part {
  if (wanted === undefined || wanted.provider === current['provider']) return { ...current };
  const kept = Object.entries(current).filter(([name]) => common.includes(name));
  return { ...Object.fromEntries(kept), provider: wanted.provider };
}

function withPrompt(messages: unknown, prompt: string): unknown[] {
  const list = Array.isArray(messages) ? (messages as Part[]) : [];
  const index = list.findIndex((message) => message['role'] === 'system');
  if (index < 0) return [{ role: 'system', content: prompt }, ...list];
  return list.with(index, { ...list[index], content: prompt });
}
