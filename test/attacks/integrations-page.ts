/** docs/INTEGRATIONS.md, written from the OpenAPI document. */
import { readFileSync } from 'node:fs';
import {
  type ApiDocument,
  bodySchemaOf,
  type NamedOperation,
  type Operation,
  operationsOf,
  resolve,
  type Schema,
} from './api-document.ts';

const OPENING = new URL('../../docs/integrations-opening.md', import.meta.url);

export function integrationsPage(document: ApiDocument): string {
  const byTag = Map.groupBy(operationsOf(document), ({ operation }) => operation.tags?.[0] ?? 'other');
  const sections = [...byTag.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([tag, operations]) => `## ${tag}\n\n${operations.map((one) => section(document, one)).join('\n')}`);
  return `${readFileSync(OPENING, 'utf8').trimEnd()}\n\n${sections.join('\n')}`;
}

function section(document: ApiDocument, { method, path, operation }: NamedOperation): string {
  const lines = [
    ['Role', operation['x-ava-role'] ?? openDoor(operation)],
    ['Takes', takes(document, operation)],
    ['Answers', answers(document, operation)],
    ['Refuses', refuses(operation)],
    ['Idempotent', idempotent(method, operation)],
  ];
  const list = lines.map(([name, text]) => `- ${name}: ${text}`).join('\n');
  return `### ${method} ${path}\n\n${operation.summary ?? ''}.\n\n${list}\n`;
}

function openDoor({ tags }: Operation): string {
  return tags?.includes('webhooks') ? 'none; the request is signed by the vendor' : 'none; open';
}

function takes(document: ApiDocument, operation: Operation): string {
  const parameters = (operation.parameters ?? []).map(
    (one) =>
      `\`${one.name}\` in the ${one.in === 'query' ? 'query' : one.in} (${wordsOf(document, one.schema, one.required)})`,
  );
  const body = bodySchemaOf(operation);
  if (body !== undefined) parameters.push(`a JSON body: ${bodyWords(document, body)}`);
  if (operation.tags?.includes('webhooks')) parameters.push('what the vendor sends');
  return parameters.length === 0 ? 'nothing' : parameters.join('; ');
}

function bodyWords(document: ApiDocument, given: Schema): string {
  const { schema } = resolve(document, given);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map((one) => bodyWords(document, one)).join(', or ');
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, one]) => `\`${name}\` (${wordsOf(document, one, schema.required?.includes(name))})`,
  );
  return members.length === 0 ? wordsOf(document, schema, undefined) : members.join(', ');
}

function wordsOf(document: ApiDocument, given: Schema, required: boolean | undefined): string {
  const { schema, name } = resolve(document, given);
  const parts = [typeWords(document, schema, name?.replace(/Input$/, ''))];
  for (const [keyword, words] of LIMITS) {
    const value = schema[keyword];
    // The edges that a number format has anyway say nothing.
    if (value !== undefined && Math.abs(Number(value)) < Number.MAX_SAFE_INTEGER)
      parts.push(`${words} ${String(value)}`);
  }
  if (schema['default'] !== undefined && name === undefined)
    parts.push(`default \`${JSON.stringify(schema['default'])}\``);
  if (required !== undefined) parts.push(required ? 'required' : 'optional');
  return parts.join(', ');
}

const LIMITS = [
  ['minimum', 'from'],
  ['maximum', 'up to'],
  ['minLength', 'at least this many characters:'],
  ['maxLength', 'at most this many characters:'],
  ['maxItems', 'at most this many:'],
] as const;

function typeWords(document: ApiDocument, schema: Schema, name: string | undefined): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(' or ');
  if (schema['const'] !== undefined) return `\`${String(schema['const'])}\``;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) {
    return choices
      .map((one) => typeWords(document, resolve(document, one).schema, resolve(document, one).name))
      .join(' or ');
  }
  if (schema.type === 'array') return `list of ${typeWords(document, ...itemsOf(document, schema))}`;
  if (schema.type === 'object' && name !== undefined) return `a ${name}`;
  return String(schema['format'] ?? schema.type ?? 'any JSON');
}

function itemsOf(document: ApiDocument, schema: Schema): [Schema, string | undefined] {
  const found = resolve(document, schema.items ?? {});
  return [found.schema, found.name];
}

function answers(document: ApiDocument, { responses }: Operation): string {
  const good = Object.entries(responses).filter(([status]) => Number(status) < 400);
  return good.map(([status, { content }]) => `${status} ${shapeWords(document, content)}`.trimEnd()).join('; ');
}

function shapeWords(document: ApiDocument, content: Record<string, { schema: Schema }> | undefined): string {
  const given = content === undefined ? undefined : Object.values(content)[0]?.schema;
  if (given === undefined) return 'without a body';
  const { schema } = resolve(document, given);
  const members = Object.keys(schema.properties ?? {});
  if (members.length > 0) return `with ${members.map((member) => `\`${member}\``).join(', ')}`;
  return schema.type === 'null' ? 'without a body' : '';
}

function refuses({ responses }: Operation): string {
  const statuses = Object.keys(responses).filter((status) => Number(status) >= 400);
  if (GENERAL.every((status) => statuses.includes(status))) return 'as every private door does';
  return statuses.length === 0 ? 'nothing' : statuses.join(', ');
}

const GENERAL = ['400', '401', '403', '404', '409', '412', '413', '415', '422', '429', '500', '502', '503', '504'];

function idempotent(method: string, operation: Operation): string {
  if (operation['x-ava-idempotent'] === true) return 'with an `Idempotency-Key`';
  if (operation.tags?.includes('webhooks')) return 'yes: a message that comes twice has its effect once';
  return method === 'POST' ? 'no' : 'yes';
}
