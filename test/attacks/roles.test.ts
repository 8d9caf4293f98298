/** Each role may do what the document says and nothing else, and no answer shows what is not for outside (S20). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Access, type Caller, mayAccess, type Role, ROLES } from '../../src/http/caller.ts';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult } from '../harness/result.ts';
import { makeCaller } from '../harness/tenant.ts';
import { bodySchemaOf, type NamedOperation, operationsOf, readDocument } from './api-document.ts';

type Person = { name: string; caller: Caller; token: string };
let ava: InProcess;
let people: Person[];
let operations: NamedOperation[];
beforeAll(async () => {
  ava = await startInProcess();
  operations = operationsOf(await readDocument(ava.url)).filter(
    ({ operation }) => operation['x-ava-role'] !== undefined,
  );
  people = [];
  for (const role of ROLES) people.push(await person(role, false));
  people.push(await person('viewer', true));
});
afterAll(() => ava?.stop());

async function person(role: Role, operator: boolean): Promise<Person> {
  const caller = await makeCaller(ava.deps.db, role, operator);
  const token = await ava.deps.accounts.users.issueToken({ email: caller.email, ttlSeconds: 3600 });
  return { name: operator ? `${role} who is operator` : role, caller, token };
}

/** What a viewer may change: what is the viewer's own. */
const OWN = ['POST /api/v1/auth/switch-tenant', 'POST /api/v1/auth/password', 'PUT /api/v1/calls/{id}/read'];
/** Keys, members, money and what everybody shares are not for editors. */
const ADMINISTRATION =
  /credentials|members|ops\/|calls\/(limits|retention|texts)|calendar\/\{provider\}\/connect|\/import$/;

test('every role meets exactly the doors that the table opens for it', async () => {
  const deviations: string[] = [];
  let asked = 0;
  for (const { name, caller, token } of people) {
    for (const { method, path, operation } of operations) {
      const { status, code } = await knock(method, path, token);
      const isRefused = status === 403 && code === 'forbidden';
      const isAllowed = mayAccess(caller, operation['x-ava-role'] as Access);
      asked += 1;
      if (isRefused === isAllowed || status === 401)
        deviations.push(`${name}: ${method} ${path} answered ${status} ${code}`);
    }
  }
  for (const { method, path, operation } of operations.filter(({ method }) => method !== 'GET')) {
    const role = operation['x-ava-role'];
    if (role === 'viewer' && !OWN.includes(`${method} ${path}`)) deviations.push(`viewers may ${method} ${path}`);
    if (role === 'editor' && ADMINISTRATION.test(path)) deviations.push(`editors may ${method} ${path}`);
  }
  printResult({
    id: 'S20',
    value: deviations.length,
    unit: 'deviations from the table of roles',
    goal: '0',
    floor: '0',
    pass: deviations.length === 0,
    n: asked,
  });
  expect(deviations).toEqual([]);
}, 120_000);

async function knock(
  method: string,
  path: string,
  token: string,
): Promise<{ status: number; code: string | undefined }> {
  const stop = new AbortController();
  const answer = await fetch(`${ava.url}${path.replaceAll(/\{\w+\}/g, 'x')}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    signal: stop.signal,
  });
  if (answer.headers.get('content-type')?.includes('json') !== true) {
    stop.abort();
    return { status: answer.status, code: undefined };
  }
  return { status: answer.status, code: ((await answer.json()) as { code?: string }).code };
}

const HIDDEN = /password|.hash$|cipher|sealed|api_key|auth_token|refresh_token|prev_hash|private/i;

test('nothing that is hidden comes out', async () => {
  const owner = people.find(({ name }) => name === 'owner')!;
  const headers = { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' };
  const extra = { id: 'x', tenant_id: 'x', operator: true, role: 'owner', synthetic: true, uses_environment: true };
  const found: string[] = [];
  for (const { method, path, operation } of operations) {
    if (method !== 'GET' && bodySchemaOf(operation) === undefined) continue;
    if (/events$|recording$|members|environment/.test(path)) continue;
    const body = method === 'GET' ? undefined : JSON.stringify(extra);
    const answer = await fetch(`${ava.url}${path.replaceAll(/\{\w+\}/g, 'x')}`, {
      method,
      headers,
      ...(body && { body }),
    });
    if (answer.headers.get('content-type')?.includes('json') !== true) continue;
    JSON.parse(await answer.text(), (key: string, value: unknown) => {
      if (HIDDEN.test(key) && value !== null) found.push(`${method} ${path}: ${key}`);
      return value;
    });
  }
  const after = await ava.deps.db.system
    .selectFrom('users')
    .innerJoin('members', 'members.user_id', 'users.id')
    .innerJoin('tenants', 'tenants.id', 'members.tenant_id')
    .select(['operator', 'members.role', 'synthetic', 'uses_environment'])
    .where('users.id', '=', owner.caller.userId)
    .executeTakeFirstOrThrow()
    .catch(() => undefined);
  if (after !== undefined)
    expect(after).toMatchObject({ operator: false, role: 'owner', synthetic: false, uses_environment: false });
  const me = await fetch(`${ava.url}/api/v1/auth/me`, { headers });
  expect(await me.json()).toMatchObject({ user: { operator: false } });
  printResult({
    id: 'S20',
    value: found.length,
    unit: 'hidden fields that came out',
    goal: '0',
    floor: '0',
    pass: found.length === 0,
    n: operations.length,
  });
  expect(found).toEqual([]);
});
