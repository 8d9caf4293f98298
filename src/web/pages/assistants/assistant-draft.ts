import type { Assistant, AssistantChange } from '../../../features/assistants/contract.ts';

/** The form's content: every field as it is typed. */
export type AssistantDraft = {
  name: string;
  first_message: string;
  first_message_mode: string;
  prompt: string;
  model_provider: string;
  model: string;
  voice_provider: string;
  voice_id: string;
  transcriber_provider: string;
  transcriber_model: string;
  language: string;
};

export const NEW_DRAFT: AssistantDraft = {
  name: '',
  first_message: 'Hello, how can I help you today?',
  first_message_mode: 'assistant-speaks-first',
  prompt: '',
  model_provider: 'openai',
  model: 'gpt-4o',
  voice_provider: '11labs',
  voice_id: 'sarah',
  transcriber_provider: 'deepgram',
  transcriber_model: 'nova-3',
  language: 'en',
};

export function draftOf(assistant: Assistant): AssistantDraft {
  return {
    name: assistant.name,
    first_message: assistant.first_message ?? '',
    first_message_mode: assistant.first_message_mode,
    prompt: assistant.prompt ?? '',
    model_provider: assistant.model?.provider ?? '',
    model: assistant.model?.model ?? '',
    voice_provider: assistant.voice?.provider ?? '',
    voice_id: assistant.voice?.voice_id ?? '',
    transcriber_provider: assistant.transcriber?.provider ?? '',
    transcriber_model: assistant.transcriber?.model ?? '',
    language: assistant.transcriber?.language ?? '',
  };
}

/** Only what differs is sent, so that a save never touches what the person did not. */
export function changesOf(before: AssistantDraft | undefined, after: AssistantDraft): AssistantChange {
  const isNew = (...keys: (keyof AssistantDraft)[]) => keys.some((key) => before?.[key] !== after[key]);
  const text = (value: string) => value.trim() !== '';
  return {
    ...(isNew('name') ? { name: after.name.trim() } : {}),
    ...(isNew('first_message') && text(after.first_message) ? { first_message: after.first_message } : {}),
    ...(isNew('first_message_mode')
      ? { first_message_mode: after.first_message_mode as NonNullable<AssistantChange['first_message_mode']> }
      : {}),
    ...(isNew('prompt') && text(after.prompt) ? { prompt: after.prompt } : {}),
    ...(isNew('model_provider', 'model') && text(after.model_provider)
      ? { model: { provider: after.model_provider, ...(text(after.model) ? { model: after.model } : {}) } }
      : {}),
    ...(isNew('voice_provider', 'voice_id') && text(after.voice_provider)
      ? { voice: { provider: after.voice_provider, ...(text(after.voice_id) ? { voice_id: after.voice_id } : {}) } }
      : {}),
    ...(isNew('transcriber_provider', 'transcriber_model', 'language') && text(after.transcriber_provider)
      ? {
          transcriber: {
            provider: after.transcriber_provider,
            ...(text(after.transcriber_model) ? { model: after.transcriber_model } : {}),
            ...(text(after.language) ? { language: after.language } : {}),
          },
        }
      : {}),
  };
}
