import { type Fields, flag, freeObject, list, number, object, oneOf, text } from './rules.ts';
import { backoffPlan, server } from './server-shape.ts';

/** The tools that the twin knows (contracts/vapi.md section 10). */
const functionDefinition = object(
  {
    name: text({ pattern: /^[a-zA-Z0-9_-]{1,64}$/ }),
    description: text(),
    parameters: freeObject,
    strict: flag,
  },
  ['name'],
);

const toolFields: Fields = { type: text(), messages: list(freeObject), rejectionPlan: freeObject };

export const toolShapes: Record<string, { fields: Fields; required: string[] }> = {
  function: {
    fields: {
      ...toolFields,
      async: flag,
      server,
      variableExtractionPlan: freeObject,
      parameters: list(freeObject),
      function: functionDefinition,
    },
    required: ['type'],
  },
  transferCall: { fields: { ...toolFields, destinations: list(freeObject) }, required: ['type'] },
  endCall: { fields: toolFields, required: ['type'] },
  dtmf: { fields: { ...toolFields, sipInfoDtmfEnabled: flag }, required: ['type'] },
  handoff: {
    fields: { ...toolFields, destinations: list(freeObject), function: functionDefinition },
    required: ['type'],
  },
  apiRequest: {
    fields: {
      ...toolFields,
      name: text(),
      method: oneOf('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
      timeoutSeconds: number(1, 300),
      credentialId: text(),
      encryptedPaths: list(text()),
      parameters: list(freeObject),
      description: text(),
      url: text(),
      body: freeObject,
      headers: freeObject,
      backoffPlan,
      variableExtractionPlan: freeObject,
    },
    required: ['type', 'method', 'url'],
  },
};
