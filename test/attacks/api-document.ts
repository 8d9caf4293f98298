/** The OpenAPI document as the tests of the doors read it. */
export type Schema = Record<string, unknown> & {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
};
export type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: Schema };
export type Operation = {
  tags?: string[];
  summary?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
  security?: unknown[];
  'x-ava-role'?: string;
  'x-ava-idempotent'?: boolean;
};
export type ApiDocument = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};
export type NamedOperation = { method: string; path: string; operation: Operation };

export async function readDocument(url: string): Promise<ApiDocument> {
  return (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as ApiDocument;
}

export function operationsOf(document: ApiDocument): NamedOperation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** The schema itself where another is named, with the name it goes by. */
export function resolve(document: ApiDocument, schema: Schema): { schema: Schema; name: string | undefined } {
  const name = schema.$ref?.replace('#/components/schemas/', '');
  if (name === undefined) return { schema, name: undefined };
  return { schema: document.components.schemas[name] ?? {}, name };
}

export function bodySchemaOf(operation: Operation): Schema | undefined {
  return operation.requestBody?.content['application/json']?.schema;
}
