import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { SeenAnswer, SeenRequest } from '../../src/simulator/world.ts';
import type { OpenApi, Operation, Schema } from './documents.ts';

export type Operations = {
  requestProblems(request: SeenRequest): string[];
  answerProblems(request: SeenRequest, answer: SeenAnswer): string[];
  /** By the name of a schema in the document. */
  schemaProblems(schema: string, value: unknown): string[];
};

/** Paths that stand in the vendors' guides or belong to the twin itself, not in the documents. */
const UNDOCUMENTED = [/^\/credential/, /^\/twilio\//, /^\/storage\//, /\/Recordings\/RE[0-9a-f]{32}(\.(wav|mp3))?$/];
const RFC_2822 = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}$/;

type Found = { operation: Operation; pointer: string };

/** The operations of one document. Schemas are compiled when they are first needed: Vapi's take seconds. */
export function createOperations(document: OpenApi, name: string): Operations {
  const json = validators(document, name, false);
  const form = validators(document, name, true);
  const routes = Object.keys(document.paths).map((template) => ({ template, pattern: patternOf(template) }));
  const find = ({ method, path }: SeenRequest): Found | undefined => {
    // A path of fixed words goes before one with parameters.
    const fitting = routes.filter(({ pattern }) => pattern.test(path));
    const [route] = fitting.toSorted((left, right) => braces(left.template) - braces(right.template));
    const operation = route && document.paths[route.template]?.[method.toLowerCase()];
    return operation && { operation, pointer: `${escapePointer(route.template)}/${method.toLowerCase()}` };
  };
  return {
    requestProblems(request) {
      const found = find(request);
      if (!found) return isUndocumented(request.path) ? [] : ['The vendor does not document this operation'];
      return [...queryProblems(found, request, form), ...bodyProblems(found, request, { json, form })];
    },
    answerProblems(request, { status, body }) {
      const found = find(request);
      if (!found || status >= 400 || isUndocumented(request.path)) return [];
      const response = found.operation.responses[String(status)];
      if (!response) return isRedirect(status) ? [] : [`The vendor never answers ${status} here`];
      if (!response.content?.['application/json']) return [];
      const pointer = `paths/${found.pointer}/responses/${status}/content/application~1json/schema`;
      return json(pointer)(parse(body));
    },
    schemaProblems: (schema, value) => json(`components/schemas/${schema}`)(value),
  };
}

type Check = (value: unknown) => string[];
type Checks = (pointer: string) => Check;

/** Validators by the place of their schema in the document. A form's values are all text, and become what they should be. */
function validators(document: OpenApi, name: string, isForm: boolean): Checks {
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    logger: false,
    ...(isForm && { coerceTypes: 'array' as const }),
  });
  formats.default(ajv);
  ajv.addFormat('date-time-rfc-2822', RFC_2822);
  // Twilio says `uri` of paths too.
  ajv.addFormat('uri', () => true);
  ajv.addSchema(document, name);
  const compiled = new Map<string, ValidateFunction>();
  return (pointer) => (value) => {
    let validate = compiled.get(pointer);
    if (!validate) compiled.set(pointer, (validate = ajv.compile({ $ref: `${name}#/${pointer}` })));
    if (validate(value)) return [];
    return (validate.errors ?? []).slice(0, 5).map(({ instancePath, message }) => `${instancePath || '/'} ${message}`);
  };
}

function bodyProblems(
  { operation, pointer }: Found,
  request: SeenRequest,
  checks: { json: Checks; form: Checks },
): string[] {
  const content = operation.requestBody?.content;
  if (!content) return isEmpty(request.body) ? [] : ['A body is sent where none belongs'];
  const [type] = Object.keys(content);
  const schema = content[type ?? '']?.schema;
  if (!type || !schema) return [];
  const at = `paths/${pointer}/requestBody/content/${escapePointer(type)}/schema`;
  if (type === 'application/json')
    return isEmpty(request.body) && !operation.requestBody?.required ? [] : checks.json(at)(request.body);
  const body = structuredClone(request.body ?? {});
  return [...unknownNames(body, schema), ...checks.form(at)(body)];
}

function queryProblems({ operation, pointer }: Found, request: SeenRequest, form: Checks): string[] {
  const known = new Map((operation.parameters ?? []).map((parameter, index) => [parameter.name, { parameter, index }]));
  return Object.entries(request.query).flatMap(([name, value]) => {
    const found = known.get(name);
    if (found?.parameter.in !== 'query') return [`The query parameter ${name} is not documented`];
    // Coercion needs a parent to put the converted value into.
    const problems = form(`paths/${pointer}/parameters/${found.index}/schema`)(toScalar(value));
    return problems.map((problem) => `?${name}: ${problem}`);
  });
}

/** A number or a flag in a query is text on the wire. */
function toScalar(value: unknown): unknown {
  if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return value === 'true' ? true : value === 'false' ? false : value;
}

function unknownNames(body: object, schema: Schema): string[] {
  const known = schema.properties ?? {};
  const names = Object.keys(body).filter((name) => !Object.hasOwn(known, name));
  return names.map((name) => `The parameter ${name} is not documented`);
}

function patternOf(template: string): RegExp {
  const source = template.replaceAll(/[.]/g, String.raw`\.`).replaceAll(/\{[^}]+\}/g, '[^/]+?');
  return new RegExp(`^${source}$`);
}

function braces(template: string): number {
  return template.split('{').length;
}

function escapePointer(text: string): string {
  return encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function isUndocumented(path: string): boolean {
  return UNDOCUMENTED.some((pattern) => pattern.test(path));
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

function isEmpty(body: unknown): boolean {
  return body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
