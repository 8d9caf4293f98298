/** Everything that the OpenAPI document allows, and much that it does not, sent to every operation (S11). */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AvaUnderTest, OWNER, startAva } from '../harness/ava.ts';
import { printResult, testScale, testSeed } from '../harness/result.ts';
import { type ApiDocument, type NamedOperation, operationsOf, readDocument } from './api-document.ts';
import { requestsFor, type Sent } from './inputs.ts';

const PER_OPERATION = 25 * testScale();
const LANES = 6;
/** Does not end by itself; its refusals are tried all the same. */
const STREAM = '/api/v1/events';

let ava: AvaUnderTest;
let document: ApiDocument;
let token: string;
let ids: string[];
beforeAll(async () => {
  // Without the demo's doors, which break the vendors on demand.
  ava = await startAva({ env: { RATE_LIMIT_PER_MINUTE: '1000000', AVA_SIMULATOR_URL: '' } });
  document = await readDocument(ava.url);
  token = (await ava.owner()).token;
  ids = [
    ava.simulator.vapi.assistantId,
    'vapi',
    'twilio',
    'google',
    'temperature',
    'greeting_message',
    'x'.repeat(200),
  ];
  ids.push(
    ...(await harvest('/api/v1/twilio/numbers', /PN[0-9a-f]{32}/g)),
    ...(await harvest('/api/v1/auth/me', UUID)),
  );
});
afterAll(() => ava?.stop());

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

async function harvest(path: string, pattern: RegExp): Promise<string[]> {
  const answer = await fetch(`${ava.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return (await answer.text()).match(pattern) ?? [];
}

test('no input makes AVA fail, and every answer is as the document says', async () => {
  const seed = testSeed();
  const check = answerChecker();
  const operations = inOrder(operationsOf(document).filter(({ path }) => path !== STREAM));
  const wrong: string[] = [];
  let requests = 0;
  const succeeded = new Set<string>();
  for (const group of operations) {
    await inLanes(group, async (named) => {
      for (const sent of fc.sample(
        requestsFor(document, named, () => ids),
        { seed, numRuns: PER_OPERATION },
      )) {
        const answer = await send(named, sent);
        requests += 1;
        remember(answer.text);
        if (answer.status === 401 && answer.text.includes('"unauthenticated"')) await signInAgain(named);
        if (answer.status < 400) succeeded.add(nameOf(named));
        wrong.push(...check(named, answer).map((why) => `${nameOf(named)}: ${why}; sent ${shown(sent)}`));
      }
    });
  }
  const failures = wrong.filter((one) => one.includes('AVA failed')).length;
  const all = operations.flat().length;
  const never = operations
    .flat()
    .map(nameOf)
    .filter((name) => !succeeded.has(name));
  console.log(`Without a success: ${never.join(', ')}; met an ended session: ${[...endedBy].join(', ')}`);
  console.log(`${succeeded.size} of ${all} operations were answered with success at least once`);
  printResult({
    id: 'S11',
    value: `${failures} failures, ${wrong.length - failures} undocumented`,
    unit: `of ${requests} requests to ${all} operations`,
    goal: '0, 0 of 1,000,000',
    floor: '0, 0 of 200 per operation',
    pass: wrong.length === 0,
    n: requests,
    seed,
  });
  expect(wrong.slice(0, 20)).toEqual([]);
  expect(succeeded.size).toBeGreaterThan(all / 3);
  expect(await (await fetch(`${ava.url}/healthz`)).json()).toMatchObject({ status: 'ok' });
}, 300_000);

test('without a token every private operation is refused in the same way, and wrong methods name the right ones', async () => {
  const wrong: string[] = [];
  for (const named of operationsOf(document).filter(({ operation }) => operation['x-ava-role'] !== undefined)) {
    const answer = await fetch(`${ava.url}${named.path.replaceAll(/\{\w+\}/g, 'x')}`, { method: named.method });
    const body = (await answer.json()) as { code?: string };
    // Anonymous requests share a limit of their own.
    if (answer.status === 429) continue;
    if (answer.status !== 401 || body.code !== 'unauthenticated') wrong.push(`${nameOf(named)}: ${answer.status}`);
  }
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => !(one.toLowerCase() in methods))) {
      const address = `${ava.url}${path.replaceAll(/\{\w+\}/g, 'x')}`;
      const answer = await fetch(address, { method, headers: { authorization: `Bearer ${token}` } });
      await answer.arrayBuffer();
      const allowed = answer.headers.get('allow')?.toLowerCase().split(', ') ?? [];
      const isToldRightly = Object.keys(methods).every((one) => allowed.includes(one));
      // A path without parameters may be a word in the place of another path's parameter.
      if (answer.status !== 405 && !isCoveredElsewhere(path, method)) wrong.push(`${method} ${path}: ${answer.status}`);
      if (answer.status === 405 && !isToldRightly) wrong.push(`${method} ${path}: Allow ${allowed.join(', ')}`);
    }
  }
  expect(wrong).toEqual([]);
});

function isCoveredElsewhere(path: string, method: string): boolean {
  return operationsOf(document).some(
    (other) =>
      other.method === method &&
      new RegExp(`^${other.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path.replaceAll(/\{\w+\}/g, 'x')),
  );
}

let renewal: Promise<void> | undefined;
const endedBy = new Set<string>();

/** Some operations end the session that asked for them. */
async function signInAgain(named: NamedOperation): Promise<void> {
  if (named.operation['x-ava-role'] === undefined) return;
  endedBy.add(nameOf(named));
  renewal ??= ava.cli('token', '--email', OWNER.email, '--ttl', '4h').then(({ stdout }) => {
    token = stdout.trim();
    renewal = undefined;
  });
  await renewal;
}

type Answer = { status: number; type: string; text: string; correlationId: string | null };

async function send({ method }: NamedOperation, sent: Sent): Promise<Answer> {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (sent.contentType !== undefined) headers['content-type'] = sent.contentType;
  const body = method === 'GET' ? undefined : sent.body;
  const answer = await fetch(`${ava.url}${sent.path}`, {
    method,
    headers,
    redirect: 'manual',
    ...(body !== undefined && { body }),
  });
  return {
    status: answer.status,
    type: answer.headers.get('content-type') ?? '',
    text: await answer.text(),
    correlationId: answer.headers.get('x-correlation-id'),
  };
}

/** Says what is wrong with an answer, if anything. */
function answerChecker(): (named: NamedOperation, answer: Answer) => string[] {
  const ajv = new Ajv2020({ strict: false, validateFormats: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema({ ...document, $id: 'api' });
  return ({ method, path, operation }, { status, type, text, correlationId }) => {
    const wrong: string[] = [];
    if (correlationId === null) wrong.push(`${status} without a correlation id`);
    const isJson = /^application\/(problem\+)?json\b/.test(type);
    const body = isJson ? (JSON.parse(text) as { code?: string }) : undefined;
    if (status >= 500 && !body?.code?.startsWith('upstream_'))
      wrong.push(`AVA failed: ${status} ${text.slice(0, 200)}`);
    if (!(status in operation.responses)) return [...wrong, `${status} is not documented: ${text.slice(0, 200)}`];
    const content = operation.responses[status]?.content;
    if (!isJson || content === undefined) return wrong;
    const pointer = [path, method.toLowerCase()].map(escaped).join('/');
    const place = `api#/paths/${pointer}/responses/${status}/content/${escaped(Object.keys(content)[0]!)}/schema`;
    const validate = ajv.getSchema(place);
    if (validate !== undefined && !validate(body)) wrong.push(`${status} ${ajv.errorsText(validate.errors)}`);
    return wrong;
  };
}

const escaped = (part: string) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
const nameOf = ({ method, path }: NamedOperation) => `${method} ${path}`;
const shown = ({ path, body, contentType }: Sent) => JSON.stringify({ path, body: body?.slice(0, 300), contentType });

/** Ids that answers name are used later on, also when what they stood for is gone. */
function remember(text: string): void {
  for (const id of (text.match(UUID) ?? []).slice(0, 3)) if (ids.length < 300 && !ids.includes(id)) ids.push(id);
}

/** Changes first, so that reads find something, and last what takes the ground from under the others: deletions, keys, circuits. */
function inOrder(operations: NamedOperation[]): NamedOperation[][] {
  const isLast = ({ method, path }: NamedOperation) =>
    method === 'DELETE' || /credentials|isolate|environment/.test(path);
  const isRead = ({ method }: NamedOperation) => method === 'GET';
  return [
    operations.filter((one) => !isRead(one) && !isLast(one)),
    operations.filter((one) => isRead(one)),
    operations.filter((one) => !isRead(one) && isLast(one)),
  ];
}

async function inLanes<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      for (const item of waiting) await work(item);
    }),
  );
}
