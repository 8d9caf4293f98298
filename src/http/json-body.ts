/** JSON bodies, parsed with a limit on nesting: depth costs the parser and every later walk far more than bytes do. */
import type { App } from './app-type.ts';
import { fail } from '../errors.ts';

const MAX_DEPTH = 32;

export function parseJsonStrictly(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    // An empty body with a JSON type is what many clients send with a DELETE or a bare POST.
    if (text === '') return done(null, undefined);
    if (deeperThan(text, MAX_DEPTH))
      return done(fail('malformed_json', `The body is nested more than ${MAX_DEPTH} levels deep.`));
    void parse(request, text, (error, value) => {
      if (error) return done(fail('malformed_json', 'The body is not valid JSON.', { cause: error }));
      done(null, value);
    });
  });
}

/** Whether brackets of a JSON text nest deeper than `max`; brackets inside strings do not count. */
export function deeperThan(text: string, max: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === BACKSLASH) i += 1;
      else if (char === QUOTE) inString = false;
    } else if (char === QUOTE) inString = true;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      depth += 1;
      if (depth > max) return true;
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth -= 1;
  }
  return false;
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
