/** For each operation a request that AVA grants, with all that it needs made before: an id to name, a person, a call that ended. */
import { randomUUID } from 'node:crypto';
import { signRequest } from '../../src/simulator/telephony/signature.ts';
import type { Telephone } from '../harness/telephone.ts';
import { calls, endedCall } from './good-calls.ts';
import { calendars, operations, releases } from './good-operations.ts';
import { API, type Good, type GoodRequests, post } from './good.ts';
import type { Dress } from './inputs.ts';

const PASSWORD = 'a long enough password';

export async function goodRequests(telephone: Telephone): Promise<GoodRequests> {
  const call = await endedCall(telephone);
  return {
    ...people(telephone),
    ...webhooks(telephone),
    ...voices(telephone),
    ...operations(telephone),
    ...releases(telephone),
    ...calendars(telephone),
    ...calls(telephone, call),
  };
}

function people(telephone: Telephone): GoodRequests {
  const { url } = telephone.ava;
  const join = async () => {
    const person = { email: `${randomUUID()}@example.test`, password: PASSWORD };
    const { member } = await post(telephone, '/members', { ...person, role: 'viewer' });
    return { ...person, id: member.user_id as string };
  };
  const signIn = async () => {
    const { email, password } = await join();
    const answer = await fetch(`${url}${API}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password, token_delivery: 'body' }),
    });
    return (await answer.json()) as { access_token: string; refresh_token: string };
  };
  const tenantId = async () => (await telephone.json('/auth/me')).tenant.id as string;
  const rotate = () => post(telephone, '/vapi/webhook-secrets/rotate', { overlap_minutes: 60 });
  return {
    [`POST ${API}/auth/login`]: async () => {
      const { email, password } = await join();
      return { path: `${API}/auth/login`, body: { email, password } };
    },
    [`POST ${API}/auth/refresh`]: async () => {
      const { refresh_token } = await signIn();
      return { path: `${API}/auth/refresh`, body: { refresh_token } };
    },
    [`POST ${API}/auth/switch-tenant`]: async () => ({
      path: `${API}/auth/switch-tenant`,
      body: { tenant_id: await tenantId() },
      token: (await signIn()).access_token,
    }),
    [`POST ${API}/auth/password`]: async () => ({
      path: `${API}/auth/password`,
      body: { current_password: PASSWORD, new_password: `${PASSWORD} 2` },
      token: (await signIn()).access_token,
    }),
    [`POST ${API}/members`]: () => ({
      path: `${API}/members`,
      body: { email: `${randomUUID()}@example.test`, role: 'editor', password: PASSWORD },
    }),
    [`PATCH ${API}/members/{user_id}`]: async () => ({
      path: `${API}/members/${(await join()).id}`,
      body: { role: 'editor' },
    }),
    [`DELETE ${API}/members/{user_id}`]: async () => ({ path: `${API}/members/${(await join()).id}` }),
    [`POST ${API}/auth/logout`]: async () => {
      const { refresh_token } = await signIn();
      return { path: `${API}/auth/logout`, body: { refresh_token } };
    },
    ...keys(telephone),
    [`POST ${API}/vapi/webhook-secrets/rotate`]: () => ({
      path: `${API}/vapi/webhook-secrets/rotate`,
      body: { overlap_minutes: 60 },
    }),
    [`DELETE ${API}/vapi/webhook-secrets/{id}`]: async () => {
      const { webhook_secret: earlier } = await rotate();
      await rotate();
      return { path: `${API}/vapi/webhook-secrets/${earlier.id}` };
    },
    [`PUT ${API}/ops/tenants/{id}/environment`]: async () => ({
      path: `${API}/ops/tenants/${await tenantId()}/environment`,
      body: { granted: true },
    }),
  };
}

/** The vendors' own keys, so that whoever comes later finds them working. */
function keys(telephone: Telephone): GoodRequests {
  const { vapi, twilio } = telephone.ava.simulator;
  const bodies = {
    vapi: { api_key: vapi.apiKey },
    twilio: { account_sid: twilio.accountSid, auth_token: twilio.authToken },
  };
  const of = (vendor: 'vapi' | 'twilio'): GoodRequests => {
    const path = `${API}/${vendor}/credentials`;
    return {
      [`PUT ${path}`]: () => ({ path, body: bodies[vendor] }),
      [`POST ${path}/test`]: () => ({ path: `${path}/test`, body: bodies[vendor] }),
      [`DELETE ${path}`]: () => ({ path }),
    };
  };
  return { ...of('vapi'), ...of('twilio') };
}

/** Messages of vendors, signed as they sign them: also what is not as they send it. */
function webhooks(telephone: Telephone): GoodRequests {
  const { url, simulator } = telephone.ava;
  const { accountSid, authToken } = simulator.twilio;
  const sent = () => ({
    AccountSid: accountSid,
    CallSid: `CA${randomUUID().replaceAll('-', '')}`,
    From: '+12025550111',
    To: telephone.number,
    Direction: 'inbound',
    CallStatus: 'ringing',
  });
  const signed: Dress = (path, body) => {
    const params = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, textOf(value)]));
    const headers = { 'x-twilio-signature': signRequest(authToken, `${url}${path}`, params) };
    const text = new URLSearchParams(params).toString();
    return { path, body: text, contentType: 'application/x-www-form-urlencoded', headers };
  };
  const signedQuery: Dress = (path, body) => {
    const query = new URLSearchParams(
      Object.fromEntries(Object.entries(body).map(([name, value]) => [name, textOf(value)])),
    );
    const address = `${path}?${query.toString()}`;
    const headers = { 'x-twilio-signature': signRequest(authToken, `${url}${address}`) };
    return { path: address, body: undefined, contentType: undefined, headers };
  };
  const twilio = (name: string, more: object = {}): GoodRequests => ({
    [`POST /webhooks/twilio/${name}`]: () => ({
      path: `/webhooks/twilio/${name}`,
      body: { ...sent(), ...more },
      dress: signed,
    }),
    [`GET /webhooks/twilio/${name}`]: () => ({
      path: `/webhooks/twilio/${name}`,
      body: { ...sent(), ...more },
      dress: signedQuery,
    }),
  });
  return {
    ...twilio('voice'),
    ...twilio('fallback', { ErrorCode: '11200' }),
    ...twilio('after', { DialCallStatus: 'completed', CallStatus: 'in-progress' }),
    ...twilio('whisper', { CallStatus: 'in-progress' }),
    ...twilio('status', { CallStatus: 'completed', CallDuration: '12' }),
    ...twilio('sms', { MessageSid: `SM${randomUUID().replaceAll('-', '')}`, Body: 'Hello' }),
    'POST /webhooks/vapi': async () => {
      const { value } = await post(telephone, '/vapi/webhook-secrets/rotate', { overlap_minutes: 60 });
      const message = {
        type: 'status-update',
        status: 'in-progress',
        timestamp: Date.now(),
        call: { id: randomUUID(), type: 'inboundPhoneCall', customer: { number: '+12025550123' } },
      };
      return { path: '/webhooks/vapi', body: { message }, headers: { 'x-vapi-secret': value } };
    },
  };
}

/** A vendor's parameters are text; what a fuzzer puts in their place may be anything, but no lone half of a character. */
const textOf = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed();

function voices(telephone: Telephone): GoodRequests {
  const make = async () => {
    const { assistant } = await post(telephone, '/assistants', { name: `Desk ${randomUUID().slice(0, 8)}` });
    return assistant.assistant_id as string;
  };
  const set = (key: string, value: unknown) => post(telephone, `/vapi/settings/${key}`, { value }, 'PUT');
  const at = (rest: string, body?: object) => async (): Promise<Good> => ({
    path: `${API}/assistants/${await make()}${rest}`,
    ...(body !== undefined && { body }),
  });
  const key = `${API}/vapi/settings/{key}`;
  return {
    [`PUT ${key}`]: () => ({ path: `${API}/vapi/settings/temperature`, body: { value: 0.5, reason: 'calmer' } }),
    [`GET ${key}`]: () => ({ path: `${API}/vapi/settings/temperature` }),
    [`GET ${key}/history`]: () => ({ path: `${API}/vapi/settings/temperature/history` }),
    [`POST ${API}/vapi/settings/drift`]: () => ({ path: `${API}/vapi/settings/drift`, body: { action: 'adopt' } }),
    [`POST ${API}/vapi/settings/{key}/restore`]: async () => {
      const { setting } = await set('temperature', 0.2);
      await set('temperature', 0.4);
      return { path: `${API}/vapi/settings/temperature/restore`, body: { version: setting.version } };
    },
    [`DELETE ${API}/vapi/settings/{key}`]: async () => {
      await set('a_note_of_ours', 'x');
      return { path: `${API}/vapi/settings/a_note_of_ours` };
    },
    [`GET ${API}/vapi/settings/diff`]: async () => {
      for (const value of [0.2, 0.4]) await set('temperature', value);
      const { versions } = await telephone.json('/vapi/settings/history?limit=2');
      return { path: `${API}/vapi/settings/diff?from=${versions[1].id}&to=${versions[0].id}` };
    },
    [`POST ${API}/assistants`]: () => ({
      path: `${API}/assistants`,
      body: { name: 'Reception', first_message: 'Good morning', prompt: 'You answer calls.' },
    }),
    [`GET ${API}/assistants/{id}`]: at(''),
    [`PUT ${API}/assistants/{id}`]: at('', { name: 'Renamed', first_message: 'Good evening' }),
    [`PATCH ${API}/assistants/{id}`]: at('', { first_message: 'Good evening' }),
    [`DELETE ${API}/assistants/{id}`]: at(''),
    [`POST ${API}/assistants/{id}/duplicate`]: at('/duplicate', { name: 'A second one' }),
    [`GET ${API}/assistants/{id}/tools`]: at('/tools'),
    [`PUT ${API}/assistants/{id}/tools`]: at('/tools', { tools: ['check_availability'] }),
    [`POST ${API}/assistants/{id}/restore`]: async () => {
      const id = await make();
      await post(telephone, `/assistants/${id}`, undefined, 'DELETE');
      return { path: `${API}/assistants/${id}/restore` };
    },
  };
}
