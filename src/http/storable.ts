/**
 * No database keeps the character NUL in a text. It is refused at the door of every scope that people use, whatever the
 * field, so that no room has to think of it; webhooks are exempt, since what a vendor sent is kept, not refused.
 */
import type { App } from './app-type.ts';
import { fail, type FieldProblem } from '../errors.ts';

export function refuseNul(app: App): void {
  app.addHook('preValidation', (request, _reply, done) => {
    const { params, query, body } = request;
    const inAddress = request.url.includes('%00') ? [...nulFieldsOf(params, ''), ...nulFieldsOf(query, '')] : [];
    const fields = [...inAddress, ...nulFieldsOf(body, '')];
    done(fields.length > 0 ? fail('validation_failed', 'Some fields are not valid.', { fields }) : undefined);
  });
}

/** The dotted names of all fields, at any depth, that hold a NUL in their text or in their own name. */
export function nulFieldsOf(value: unknown, name: string): FieldProblem[] {
  if (typeof value === 'string') return value.includes('\0') ? [{ field: name || 'body', message: MESSAGE }] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = name === '' ? key : `${name}.${key}`;
    return key.includes('\0') ? [{ field: field.replaceAll('\0', ''), message: MESSAGE }] : nulFieldsOf(inner, field);
  });
}

const MESSAGE = 'must not contain the character NUL (U+0000)';
