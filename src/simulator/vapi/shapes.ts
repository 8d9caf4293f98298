import { any, type Fields, flag, freeObject, list, number, object, oneOf, text, union } from './rules.ts';
import { models } from './model-shapes.ts';
import { server } from './server-shape.ts';
import { voices } from './voice-shapes.ts';

/** What Vapi accepts, field by field (contracts/vapi.md sections 2, 8 and 9). Ranges are the provider's own. */

const transcript = object({ enabled: flag, assistantName: text(), userName: text() });

const artifactPlan = object({
  recordingEnabled: flag,
  recordingFormat: oneOf('wav;l16', 'mp3'),
  recordingUseCustomStorageEnabled: flag,
  videoRecordingEnabled: flag,
  fullMessageHistoryEnabled: flag,
  pcapEnabled: flag,
  pcapS3PathPrefix: text(),
  pcapUseCustomStorageEnabled: flag,
  loggingEnabled: flag,
  loggingUseCustomStorageEnabled: flag,
  transcriptPlan: transcript,
  recordingPath: text(),
  structuredOutputIds: list(text()),
  structuredOutputs: list(freeObject),
  scorecardIds: list(text()),
  scorecards: list(freeObject),
  loggingPath: text(),
});

const analysisPlan = object({
  minMessagesThreshold: number(0),
  summaryPlan: object({ messages: list(freeObject), enabled: flag, timeoutSeconds: number(1, 60) }),
  structuredDataPlan: object({
    messages: list(freeObject),
    enabled: flag,
    schema: freeObject,
    timeoutSeconds: number(1, 60),
  }),
  structuredDataMultiPlan: list(freeObject),
  successEvaluationPlan: object({
    rubric: text(),
    messages: list(freeObject),
    enabled: flag,
    timeoutSeconds: number(1, 60),
  }),
  outcomeIds: list(text()),
});

const serverMessageNames = [
  'assistant.started assistant.speechStarted conversation-update end-of-call-report function-call',
  'hang language-changed language-change-detected model-output phone-call-control speech-update',
  'status-update transcript transcript[transcriptType="final"] tool-calls',
  'transfer-destination-request handoff-destination-request transfer-update user-interrupted',
  'voice-input chat.created chat.deleted session.created session.updated session.deleted',
  'call.deleted call.delete.failed call.artifact.upload',
].flatMap((line) => line.split(' '));

export const assistantFields: Fields = {
  name: text({ max: 40 }),
  firstMessage: text(),
  firstMessageMode: oneOf(
    'assistant-speaks-first',
    'assistant-speaks-first-with-model-generated-message',
    'assistant-waits-for-user',
  ),
  firstMessageInterruptionsEnabled: flag,
  maxDurationSeconds: number(10, 43_200),
  endCallMessage: text({ max: 1000 }),
  voicemailMessage: text({ max: 1000 }),
  endCallPhrases: list(text({ min: 2, max: 140 })),
  backgroundSound: text(),
  model: union('provider', models),
  voice: union('provider', voices),
  transcriber: freeObject,
  artifactPlan,
  analysisPlan,
  monitorPlan: object({
    listenEnabled: flag,
    listenAuthenticationEnabled: flag,
    controlEnabled: flag,
    controlAuthenticationEnabled: flag,
    monitorIds: list(text()),
  }),
  compliancePlan: freeObject,
  server,
  serverMessages: list(oneOf(...serverMessageNames)),
  clientMessages: list(text()),
  hooks: list(freeObject),
  transportConfigurations: list(
    object({ provider: oneOf('twilio'), timeout: number(1, 600), record: flag, recordingChannels: text() }, [
      'provider',
    ]),
  ),
  voicemailDetection: any,
  modelOutputInMessagesEnabled: flag,
  keypadInputPlan: freeObject,
  startSpeakingPlan: freeObject,
  stopSpeakingPlan: freeObject,
  backgroundSpeechDenoisingPlan: freeObject,
  observabilityPlan: freeObject,
  credentialIds: list(text()),
  credentials: list(freeObject),
  metadata: freeObject,
};

const destination = union('type', {
  number: {
    fields: {
      type: text(),
      number: text({ min: 3, max: 40 }),
      message: any,
      numberE164CheckEnabled: flag,
      extension: text({ max: 10 }),
      callerId: text({ max: 40 }),
      transferPlan: freeObject,
      description: text(),
    },
    required: ['number'],
  },
  sip: {
    fields: {
      type: text(),
      sipUri: text(),
      sipHeaders: freeObject,
      message: any,
      transferPlan: freeObject,
      description: text(),
    },
    required: ['sipUri'],
  },
});

const numberFields: Fields = {
  provider: text(),
  name: text({ max: 40 }),
  assistantId: text(),
  squadId: text(),
  workflowId: text(),
  server,
  fallbackDestination: destination,
  hooks: list(freeObject),
};

export const phoneNumberShapes: Record<string, { fields: Fields; required: string[] }> = {
  twilio: {
    fields: {
      ...numberFields,
      number: text({ min: 3, max: 40 }),
      smsEnabled: flag,
      twilioAccountSid: text(),
      twilioAuthToken: text(),
      twilioApiKey: text(),
      twilioApiSecret: text(),
    },
    required: ['number', 'twilioAccountSid'],
  },
  vapi: {
    fields: {
      ...numberFields,
      numberDesiredAreaCode: text({ min: 3, max: 3 }),
      sipUri: text(),
      authentication: freeObject,
    },
    required: [],
  },
  'byo-phone-number': {
    fields: { ...numberFields, number: text({ min: 3, max: 40 }), numberE164CheckEnabled: flag, credentialId: text() },
    required: ['credentialId'],
  },
};

const customer = object({
  number: text({ min: 3, max: 40 }),
  numberE164CheckEnabled: flag,
  extension: text({ max: 10 }),
  sipUri: text(),
  name: text({ max: 40 }),
  email: text({ max: 40 }),
  externalId: text({ max: 40 }),
  assistantOverrides: freeObject,
  squadOverrides: freeObject,
});

export const callFields: Fields = {
  assistantId: text(),
  assistant: object(assistantFields),
  assistantOverrides: object({ ...assistantFields, variableValues: freeObject, 'tools:append': list(freeObject) }),
  assistantVersion: any,
  squadId: text(),
  squad: freeObject,
  squadOverrides: freeObject,
  workflowId: text(),
  workflow: freeObject,
  workflowOverrides: freeObject,
  phoneNumberId: text(),
  phoneNumber: freeObject,
  customer,
  customers: list(customer),
  customerId: text(),
  name: text({ max: 40 }),
  schedulePlan: object({ earliestAt: text(), latestAt: text() }, ['earliestAt']),
  transport: freeObject,
  /** In Vapi's guides, not in its OpenAPI document. */
  phoneCallProviderBypassEnabled: flag,
};

export const credentialFields: Fields = {
  provider: oneOf('custom-credential'),
  name: text({ max: 40 }),
  authenticationPlan: freeObject,
  encryptionPlan: freeObject,
};
