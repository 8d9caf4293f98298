import { any, type Fields, flag, freeObject, list, number, object, text, union } from './rules.ts';
import { toolShapes } from './tool-shapes.ts';

/** The language models, by provider (contracts/vapi.md section 2.1). */
const message = object({ role: text(), content: any, contents: list(freeObject), tool_calls: any }, ['role']);

const modelFields: Fields = {
  provider: text(),
  model: text(),
  messages: list(message),
  tools: list(union('type', toolShapes)),
  toolIds: list(text()),
  toolRefs: list(freeObject),
  knowledgeBase: freeObject,
  temperature: number(0, 2),
  maxTokens: number(50, 10_000),
  emotionRecognitionEnabled: flag,
  numFastTurns: number(0),
};
const plainModel = { fields: modelFields, required: ['provider', 'model'] };
const thinkingModel = { fields: { ...modelFields, thinking: freeObject }, required: ['provider', 'model'] };
const { maxTokens: _, ...vapiModelFields } = modelFields;

const plainProviders = [
  'anyscale cerebras deepinfra deep-seek groq inflection-ai',
  'minimax openrouter perplexity-ai together-ai xai',
].flatMap((line) => line.split(' '));

export const models: Record<string, { fields: Fields; required: string[] }> = {
  ...Object.fromEntries(plainProviders.map((provider) => [provider, plainModel])),
  anthropic: thinkingModel,
  'anthropic-bedrock': thinkingModel,
  google: { fields: { ...modelFields, realtimeConfig: freeObject }, required: ['provider', 'model'] },
  openai: {
    fields: {
      ...modelFields,
      fallbackModels: list(text()),
      toolStrictCompatibilityMode: text(),
      promptCacheRetention: text(),
      promptCacheKey: text(),
      reasoningEffort: text(),
    },
    required: ['provider', 'model'],
  },
  'custom-llm': {
    fields: {
      ...modelFields,
      metadataSendMode: text(),
      headers: freeObject,
      url: text(),
      wordLevelConfidenceEnabled: flag,
      timeoutSeconds: number(0, 300),
    },
    required: ['provider', 'url', 'model'],
  },
  vapi: {
    fields: { ...vapiModelFields, version: any, workflowId: text(), workflow: freeObject },
    required: ['provider'],
  },
};
