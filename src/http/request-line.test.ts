import { expect, it } from 'vitest';
import { createLog } from '../log.ts';
import { type RequestLine, writeRequestLine } from './request-line.ts';

const line: RequestLine = {
  correlationId: 'test-12345',
  method: 'GET',
  path: '/api/v1/vapi/settings',
  status: 200,
  durationMs: 1.23456,
  tenant: '7d9f2c1e-0000-4000-8000-000000000001',
  user: '7d9f2c1e-0000-4000-8000-000000000002',
  synthetic: false,
};
const NOBODY = { tenant: undefined, user: undefined };

it.each<[string, Partial<RequestLine>, string]>([
  ['an answer', {}, 'GET /api/v1/vapi/settings 200 OK'],
  ['a refusal', { status: 429 }, 'GET /api/v1/vapi/settings 429 Too Many Requests'],
  ['a stranger', { ...NOBODY, status: 401 }, 'GET /api/v1/vapi/settings 401 Unauthorized'],
  ['the traffic of a verification', { synthetic: true }, 'GET /api/v1/vapi/settings 200 OK'],
  ['a caller that hung up', { status: 499 }, 'GET /api/v1/vapi/settings 499 Client Closed Request'],
  ['a status without a name', { status: 599 }, 'GET /api/v1/vapi/settings 599 Unknown'],
  ['a path with quotes', { path: '/a"b\\c","level":"fatal' }, 'GET /a"b\\c","level":"fatal 200 OK'],
  ['a path with what JSON escapes', { path: '/a\u0001\n\ud800é' }, 'GET /a\u0001\n\ud800é 200 OK'],
  ['names with what JSON escapes', { tenant: 'a"b', user: 'c\\d\n' }, 'GET /api/v1/vapi/settings 200 OK'],
  ['a path with the word of a state change', { path: '/closing' }, 'GET /closing 200 OK'],
])('The line of %s is what pino writes', (_, given, msg) => {
  const wanted = { ...line, ...given };
  const ours = linesOf((log) => writeRequestLine(log, wanted));
  const { correlationId, method, path, status, tenant, user, synthetic } = wanted;
  const members = { 'X-Correlation-ID': correlationId, method, path, status, duration_ms: 1.23, tenant, user };
  const pinos = linesOf((log) => log.info({ ...members, ...(synthetic && { synthetic }) }, msg));
  expect(ours).toEqual(pinos);
});

it('A log that is told to keep to warnings writes no line', () => {
  expect(linesOf((log) => writeRequestLine(log, line), 'warn')).toEqual([]);
});

it('The members that every line of a log has stand in this one too', () => {
  const bound = { replica: 'a' };
  expect(linesOf((log) => writeRequestLine(log.child(bound), line))[0]).toContain('"replica":"a"');
});

/** Without the time, which is another one. */
function linesOf(write: (log: ReturnType<typeof createLog>['log']) => void, level = 'info'): string[] {
  const lines: string[] = [];
  write(createLog({ level, stdout: { write: (text) => void lines.push(text) } }).log);
  return lines.map((text) => text.replace(/"time":"[^"]{24}"/, '"time":""'));
}
