/** Inputs made from the schemas of the OpenAPI document: such as it allows, and such as it does not. */
import fc from 'fast-check';
import {
  type ApiDocument,
  bodySchemaOf,
  type NamedOperation,
  type Parameter,
  resolve,
  type Schema,
} from './api-document.ts';

/** Texts that have broken programs before. */
export const NAUGHTY: unknown[] = [
  ...['', ' ', '\0', 'null', 'undefined', 'NaN', '-1', '1e999', '0x10', '__proto__', 'constructor', '../../etc/passwd'],
  ...[
    "' OR 1=1 --",
    '"; DROP TABLE calls; --',
    '<script>alert(1)</script>',
    '${7*7}',
    '{{7*7}}',
    '%00',
    '%s%s%n',
    '\r\nX: y',
  ],
  ...[
    '\u202Eevil',
    '\uD800',
    'İ',
    'ﷺ',
    '👩‍👩‍👧‍👦',
    'a'.repeat(5_000),
    '١٢٣',
    '$(id)',
    '|cat',
    'file:///etc/passwd',
    'http://169.254.169.254/',
  ],
  ...[
    '00000000-0000-0000-0000-000000000000',
    '2026-02-30T25:61:61Z',
    '9999-12-31T23:59:59Z',
    '-000001-01-01T00:00:00Z',
  ],
  ...[
    null,
    true,
    false,
    0,
    -0,
    -1,
    1.5,
    2 ** 53,
    -(2 ** 63),
    1e308,
    [],
    {},
    [[]],
    [null],
    { length: 1e9 },
    { toString: 1 },
  ],
];

export type Sent = {
  path: string;
  body: string | undefined;
  contentType: string | undefined;
  headers?: Record<string, string>;
  /** The document allows it. */
  isValid: boolean;
};

export type Dress = (path: string, body: object) => Omit<Sent, 'isValid'>;

export const asJson: Dress = (path, body) => ({ path, body: JSON.stringify(body), contentType: 'application/json' });

type Known = { path: string; body?: object; headers?: Record<string, string>; dress?: Dress };

/** Requests for one operation; ids are mostly taken from `pool`, so that some exist and some did. Some are nearly as `good`, which was granted. */
export function requestsFor(
  document: ApiDocument,
  named: NamedOperation,
  pool: () => string[],
  good?: Known,
): fc.Arbitrary<Sent> {
  const made = [request(document, named, pool, true), request(document, named, pool, false)];
  return fc.oneof(...made, ...(good?.body === undefined ? [] : [nearly(good, good.body)]));
}

/** What was granted, signed again where it was signed, but for one member. */
function nearly({ path, headers, dress = asJson }: Known, body: object): fc.Arbitrary<Sent> {
  return fc.tuple(fc.nat(), fc.constantFrom(...NAUGHTY)).map(([at, naughty]) => {
    const changed = JSON.parse(spoilt([body, at, naughty])) as unknown;
    const sent = dress(path, typeof changed === 'object' && changed !== null ? changed : body);
    return { ...sent, headers: { ...headers, ...sent.headers }, isValid: false };
  });
}

function request(document: ApiDocument, { path, operation }: NamedOperation, pool: () => string[], isValid: boolean) {
  const parameters = (operation.parameters ?? []).filter((one) => one.in !== 'header');
  const values = fc.tuple(...parameters.map((one) => parameterValue(document, one, pool, isValid)));
  const schema = bodySchemaOf(operation);
  const body = schema === undefined ? fc.constant(undefined) : bodyText(valueOf(document, schema), isValid);
  const contentType = isValid ? fc.constant('application/json') : oftenJson;
  return fc.tuple(values, body, contentType).map(([given, text, type]) => ({
    path: addressOf(path, parameters, given),
    body: text,
    contentType: text === undefined ? undefined : type,
    isValid,
  }));
}

const oftenJson = fc.constantFrom(
  ...Array.from({ length: 6 }, () => 'application/json'),
  'text/plain',
  'application/x-www-form-urlencoded',
);

function addressOf(path: string, parameters: Parameter[], values: (string | undefined)[]): string {
  const query = new URLSearchParams();
  let address = path;
  for (const [index, { name, in: place }] of parameters.entries()) {
    const value = values[index];
    if (place === 'path') address = address.replace(`{${name}}`, encodeURIComponent((value || 'x').toWellFormed()));
    else if (value !== undefined) query.append(name, value);
  }
  return query.size === 0 ? address : `${address}?${query.toString()}`;
}

function parameterValue(document: ApiDocument, parameter: Parameter, pool: () => string[], isValid: boolean) {
  const good = valueOf(document, parameter.schema).map(String);
  const fits = fitting(parameter.schema);
  const known = fc.nat(1_000).map((index) => {
    const candidates = pool().filter(fits);
    return candidates[index % Math.max(1, candidates.length)] ?? 'x';
  });
  const broken = fc
    .constantFrom(...NAUGHTY)
    .map((value) => String(Object(value) === value ? JSON.stringify(value) : value));
  const chosen = isValid
    ? parameter.in === 'path'
      ? fc.oneof(good, known)
      : good
    : fc.oneof(good, known, broken, broken);
  return parameter.required === true ? chosen : fc.option(chosen, { nil: undefined });
}

/** Whether a known id may stand for this parameter at all. */
function fitting(schema: Schema): (id: string) => boolean {
  const pattern = typeof schema['pattern'] === 'string' ? new RegExp(schema['pattern'], 'u') : undefined;
  return (id) => pattern?.test(id) ?? true;
}

function bodyText(valid: fc.Arbitrary<unknown>, isValid: boolean): fc.Arbitrary<string | undefined> {
  const text = valid.map((value) => JSON.stringify(value) ?? 'null');
  if (isValid) return text;
  return fc.oneof(
    { arbitrary: fc.tuple(valid, fc.nat(), fc.constantFrom(...NAUGHTY)).map(spoilt), weight: 6 },
    fc.constantFrom(...NAUGHTY).map((value) => JSON.stringify(value)),
    fc.tuple(text, fc.nat()).map(([whole, at]) => whole.slice(0, at % Math.max(1, whole.length))),
    fc.constantFrom(
      '{"a":1',
      '{"__proto__":{"x":1}}',
      '{"constructor":{"prototype":{"x":1}}}',
      '\0',
      '[1e999]',
      '{"a":1,"a":2}',
    ),
    fc.constant(undefined),
  );
}

/** The value with one member, at some depth, replaced by something naughty, taken away, or added. */
function spoilt([value, at, naughty]: [unknown, number, unknown]): string {
  const members = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  if (members.length === 0) return JSON.stringify(naughty);
  const name = members[at % members.length]!;
  const object = value as Record<string, unknown>;
  const inner = object[name];
  if (at % 3 === 0 && typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
    return JSON.stringify({ ...object, [name]: JSON.parse(spoilt([inner, at >> 2, naughty])) as unknown });
  }
  if (at % 5 === 0) return JSON.stringify({ ...object, [name]: undefined });
  if (at % 7 === 0) return JSON.stringify({ ...object, unknown_member: naughty });
  return JSON.stringify({ ...object, [name]: naughty });
}

/** Values that the schema allows, as far as it says. */
function valueOf(document: ApiDocument, given: Schema, depth = 0): fc.Arbitrary<unknown> {
  const { schema } = resolve(document, given);
  const next = (one: Schema) => valueOf(document, one, depth + 1);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema['const'] !== undefined) return fc.constant(schema['const']);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map(next));
  if (schema.type === 'string') return textOf(schema);
  if (schema.type === 'integer' || schema.type === 'number') return numberOf(schema);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'null') return fc.constant(null);
  if (schema.type === 'array') {
    const minLength = Number(schema['minItems'] ?? 0);
    return fc.array(next(schema.items ?? {}), { minLength, maxLength: Math.max(minLength, 3) });
  }
  if (schema.type === 'object') return objectOf(schema, next);
  return fc.jsonValue({ maxDepth: 2 });
}

function objectOf(schema: Schema, next: (one: Schema) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const members = Object.entries(schema.properties ?? {});
  if (members.length === 0)
    return fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 });
  const requiredKeys = schema.required ?? [];
  return fc.record(Object.fromEntries(members.map(([name, one]) => [name, next(one)])), { requiredKeys });
}

function textOf(schema: Schema): fc.Arbitrary<string> {
  const minLength = Number(schema['minLength'] ?? 0);
  const maxLength = Math.min(Number(schema['maxLength'] ?? 40), Math.max(60, minLength));
  if (schema['format'] === 'uuid') return fc.uuid();
  if (schema['format'] === 'email') return fc.nat(99).map((n) => `person-${n}@example.test`);
  if (schema['format'] === 'date-time')
    return fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString());
  if (schema['format'] === 'date') return fc.constantFrom('2026-01-01', '2026-12-31');
  if (typeof schema['pattern'] === 'string') return fc.stringMatching(new RegExp(schema['pattern'], 'u'));
  return fc.string({ minLength, maxLength });
}

function numberOf(schema: Schema): fc.Arbitrary<number> {
  const min = Number(schema['minimum'] ?? -1_000);
  const max = Math.max(min, Math.min(Number(schema['maximum'] ?? 1_000), min + 10_000));
  return schema.type === 'integer'
    ? fc.integer({ min: Math.ceil(min), max: Math.floor(max) })
    : fc.double({ min, max, noNaN: true });
}
