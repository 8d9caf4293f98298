import { any, type Fields, flag, freeObject, list, number, object, text } from './rules.ts';
import { server } from './server-shape.ts';

/** The voices, by provider, and how fast each may speak (contracts/vapi.md section 2.2). */
const voiceFields: Fields = {
  provider: text(),
  voiceId: text({ min: 1 }),
  cachingEnabled: flag,
  chunkPlan: freeObject,
  fallbackPlan: freeObject,
};
const { fallbackPlan: __, ...vapiVoiceFields } = voiceFields;

function voice(extra: Fields, required: string[] = ['voiceId']): { fields: Fields; required: string[] } {
  return { fields: { ...voiceFields, ...extra }, required: ['provider', ...required] };
}

export const voices: Record<string, { fields: Fields; required: string[] }> = {
  vapi: {
    fields: {
      ...vapiVoiceFields,
      version: any,
      speed: number(0.25, 2),
      language: text(),
      pronunciationDictionary: list(freeObject),
    },
    required: ['provider', 'voiceId'],
  },
  '11labs': voice({
    stability: number(0, 1),
    similarityBoost: number(0, 1),
    style: number(0, 1),
    useSpeakerBoost: flag,
    speed: number(0.7, 1.2),
    optimizeStreamingLatency: number(0, 4),
    enableSsmlParsing: flag,
    autoMode: flag,
    model: text(),
    language: text(),
    pronunciationDictionaryLocators: list(freeObject),
  }),
  openai: voice({ model: text(), instructions: text(), speed: number(0.25, 4) }),
  azure: voice({ speed: number(0.5, 2) }),
  microsoft: voice({ style: text(), styleDegree: number(), role: text(), speed: number(0.5, 2) }),
  lmnt: voice({ speed: number(0.25, 2), language: text() }),
  neuphonic: voice({ model: text(), language: text(), speed: number(0.25, 2) }, ['voiceId', 'language']),
  playht: voice({
    speed: number(0.1, 5),
    temperature: number(),
    emotion: text(),
    voiceGuidance: number(),
    styleGuidance: number(),
    textGuidance: number(),
    model: text(),
    language: text(),
  }),
  'rime-ai': voice({
    model: text(),
    speed: number(0.1),
    pauseBetweenBrackets: flag,
    phonemizeBetweenBrackets: flag,
    reduceLatency: flag,
    inlineSpeedAlpha: text(),
    language: text(),
  }),
  minimax: voice({
    model: text(),
    emotion: text(),
    subtitleType: text(),
    pitch: number(),
    speed: number(0.5, 2),
    volume: number(),
    region: text(),
    languageBoost: text(),
    textNormalizationEnabled: flag,
  }),
  xai: voice({ language: text(), speed: number(0.7, 1.5) }),
  'smallest-ai': voice({ model: text(), speed: number() }),
  cartesia: voice({
    model: text(),
    language: text(),
    experimentalControls: freeObject,
    generationConfig: object({ speed: number(0.6, 1.5), volume: number(), experimental: freeObject }),
    pronunciationDictId: text(),
  }),
  deepgram: voice({ model: text(), mipOptOut: flag }),
  hume: voice({ model: text(), isCustomHumeVoice: flag, description: text() }),
  wellsaid: voice({ model: text(), enableSsml: flag, libraryIds: list(text()) }),
  tavus: voice({
    personaId: text(),
    callbackUrl: text(),
    conversationName: text(),
    conversationalContext: text(),
    customGreeting: text(),
    properties: freeObject,
  }),
  sesame: voice({ model: text() }, ['voiceId', 'model']),
  inworld: voice({ model: text(), languageCode: text(), temperature: number(), speakingRate: number() }),
  'custom-voice': voice({ server }, ['server']),
};
