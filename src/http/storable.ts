/**
 * No database keeps the character NUL in a text, nor half of a character. Both are refused at the door of every scope that people use, whatever the
 * field, so that no room has to think of it; webhooks are exempt, since what a vendor sent is kept, not refused.
 */
import type { App } from './app-type.ts';
import { fail, type FieldProblem } from '../errors.ts';
import { storable } from '../storable.ts';

export function refuseUnstorable(app: App): void {
  app.addHook('preValidation', (request, _reply, done) => {
    const { params, query, body } = request;
    const inAddress = request.url.includes('%00')
      ? [...unstorableFieldsOf(params, ''), ...unstorableFieldsOf(query, '')]
      : [];
    const fields = [...inAddress, ...unstorableFieldsOf(body, '')];
    done(fields.length > 0 ? fail('validation_failed', 'Some fields are not valid.', { fields }) : undefined);
  });
}

/** The dotted names of all fields, at any depth, that hold a NUL or half a character in their text or in their own name. */
export function unstorableFieldsOf(value: unknown, name: string): FieldProblem[] {
  if (typeof value === 'string') return problemsOf(value, name || 'body');
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = name === '' ? key : `${name}.${key}`;
    const ofName = problemsOf(key, storable(field));
    return ofName.length > 0 ? ofName : unstorableFieldsOf(inner, field);
  });
}

function problemsOf(text: string, field: string): FieldProblem[] {
  if (text.includes('\0')) return [{ field, message: NO_NUL }];
  return text.isWellFormed() ? [] : [{ field, message: NO_HALF }];
}

const NO_NUL = 'must not contain the character NUL (U+0000)';
const NO_HALF = 'must not contain half of a character (a lone surrogate, U+D800 to U+DFFF)';
