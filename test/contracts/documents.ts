import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The vendors' own descriptions. They are not part of the project: where they are missing, nothing is checked. */
export type Documents = { vapi: OpenApi; twilio: OpenApi };
export type OpenApi = { paths: Record<string, Record<string, Operation>> };
export type Operation = {
  parameters?: { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema?: object }[];
  requestBody?: { content: Record<string, { schema: Schema }>; required?: boolean };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
};
export type Schema = { $ref?: string; properties?: Record<string, object>; required?: string[] };

const root = path.resolve(import.meta.dirname, '../..');

/** `AVA_CONTRACTS_DIR`, or the folder `shared/contracts` beside the repository. */
export const contractsDir = process.env['AVA_CONTRACTS_DIR'] ?? path.resolve(root, '../shared/contracts');

export function findDocuments(folder = contractsDir): Documents | undefined {
  const vapi = path.join(folder, 'openapi/vapi.json');
  const twilio = path.join(folder, 'openapi/twilio-api-v2010.json');
  if (!existsSync(vapi) || !existsSync(twilio)) return undefined;
  return { vapi: read(vapi), twilio: read(twilio) };
}

function read(file: string): OpenApi {
  return withoutLooseNullable(JSON.parse(readFileSync(file, 'utf8'))) as OpenApi;
}

/** `nullable` without a type means nothing in OpenAPI 3.0, and the validator refuses to guess. */
function withoutLooseNullable(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutLooseNullable);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([name, value]) => [name, withoutLooseNullable(value)] as const);
  return Object.fromEntries(
    entries.filter(([name, value]) => !(name === 'nullable' && value === true && !('type' in node))),
  );
}
