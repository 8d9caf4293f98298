import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Got, isSigned, openStreet, point, type Street, twilio } from '../../../test/contracts/street.ts';

let street: Street;
beforeEach(async () => {
  street = await openStreet();
});
afterEach(() => street.close());

const call = (script = {}) => street.simulator.control.placeCall({ to: street.number, from: '+13035550111', script });
const kinds = (heard: { kind: string }[]) => heard.map(({ kind }) => kind).filter((kind) => kind !== 'ring');

test('a ringing number asks its voice URL, signed, and the caller hears what it says', async () => {
  street.house.on('/voice', '<Response><Say>Welcome to Birch &amp; Sons.</Say></Response>');
  const result = await call();
  const [asked] = street.house.at('/voice');
  expect(asked?.form).toMatchObject({ CallStatus: 'ringing', Direction: 'inbound', From: '+13035550111' });
  expect(asked && isSigned(street, `${street.house.url}/voice`, asked)).toBe(true);
  expect(result).toMatchObject({ outcome: 'sentence', heardError: false });
  expect(result.transcriptOfWhatTheCallerHeard).toContainEqual(
    expect.objectContaining({ kind: 'say', text: 'Welcome to Birch & Sons.' }),
  );
});

test('the end of a call is told to the status callback once, with its length', async () => {
  street.house.on('/voice', '<Response><Pause length="61"/></Response>');
  const { callSid } = await call();
  await street.simulator.control.settled();
  const told = street.house.at('/status');
  expect(told).toHaveLength(1);
  expect(told[0]?.form).toMatchObject({
    CallSid: callSid,
    CallStatus: 'completed',
    SequenceNumber: '0',
    Duration: '2',
  });
  expect(await twilio(street.simulator, 'GET', `/Calls/${callSid}.json`)).toMatchObject({ status: 'completed' });
});

test.each([
  ['status 500', { status: 500 }, '11200'],
  ['status 404', { status: 404 }, '11200'],
  ['broken XML', { body: '<Response><Say>Hello</Response>' }, '12100'],
  ['a bare ampersand', { body: '<Response><Say>Birch & Sons</Say></Response>' }, '12100'],
  ['an empty body', { body: '' }, '12100'],
  ['a content type that is no TwiML', { type: 'application/json', body: '{}' }, '12300'],
])('%s at the voice URL leads to the fallback URL', async (_what, reply, code) => {
  await point(street, { VoiceFallbackUrl: `${street.house.url}/fallback` });
  street.house.on('/voice', () => reply);
  street.house.on('/fallback', '<Response><Say>A person will call you back.</Say></Response>');
  const result = await call();
  expect(street.house.at('/fallback')[0]?.form).toMatchObject({
    ErrorCode: code,
    ErrorUrl: `${street.house.url}/voice`,
    CallSid: result.callSid,
  });
  expect(result).toMatchObject({ outcome: 'sentence', heardError: false });
});

test('a refused connection leads to the fallback URL, and without one the caller hears an error', async () => {
  await point(street, { VoiceUrl: 'http://127.0.0.1:9/voice' });
  expect(await call()).toMatchObject({ outcome: 'error', heardError: true, problems: [{ code: 11205 }, {}] });
  await point(street, { VoiceFallbackUrl: `${street.house.url}/fallback` });
  street.house.on('/fallback', '<Response><Say>Hello</Say></Response>');
  expect(await call()).toMatchObject({ outcome: 'sentence', heardError: false });
});

test('a fallback that fails too ends in an error that Twilio notes', async () => {
  await point(street, { VoiceFallbackUrl: `${street.house.url}/fallback` });
  street.house.on('/voice', () => ({ status: 500 }));
  street.house.on('/fallback', () => ({ status: 500 }));
  const { callSid, heardError } = await call();
  expect(heardError).toBe(true);
  const { notifications } = await twilio(street.simulator, 'GET', `/Calls/${callSid}/Notifications.json`);
  expect(notifications).toContainEqual(expect.objectContaining({ error_code: '11200', log: '0' }));
});

test('by default a 5xx is not asked again; an override makes it, with one idempotency token', async () => {
  street.house.on('/voice', () => ({ status: 503 }));
  await call();
  expect(street.house.at('/voice')).toHaveLength(1);
  await point(street, { VoiceUrl: `${street.house.url}/again#rc=2&rp=5xx` });
  street.house.on('/again', () => ({ status: 503 }));
  await call();
  const again = street.house.at('/again');
  expect(again).toHaveLength(3);
  const tokenOf = ({ headers }: Got) => headers['i-twilio-idempotency-token'];
  expect(new Set(again.map(tokenOf)).size).toBe(1);
  expect(again.map(tokenOf)).not.toContain(street.house.at('/voice').map(tokenOf)[0]);
  expect(again.every((got) => isSigned(street, `${street.house.url}/again`, got))).toBe(true);
});

test('a read time-out in the address is obeyed, on the wire', async () => {
  await point(street, {
    VoiceUrl: `${street.house.url}/slow#rt=150`,
    VoiceFallbackUrl: `${street.house.url}/fallback`,
  });
  street.house.on('/slow', () => ({ hang: true }));
  street.house.on('/fallback', '<Response><Say>Hello</Say></Response>');
  expect(await call()).toMatchObject({ outcome: 'sentence', problems: [{ code: 11200 }] });
});

test('a trunk or an application voids the voice URL', async () => {
  await point(street, { TrunkSid: `TK${'0'.repeat(32)}` });
  expect(await call()).toMatchObject({ outcome: 'error', heardError: true });
  expect(street.house.at('/voice')).toHaveLength(0);
});

test('a person who answers talks with the caller, and the action learns of it', async () => {
  street.house.on('/voice', dialTo('<Number>+13035550001</Number>'));
  street.house.on('/after', '<Response><Hangup/></Response>');
  const result = await call();
  expect(result.outcome).toBe('person');
  expect(street.house.at('/after')[0]?.form).toMatchObject({
    DialCallStatus: 'completed',
    DialBridged: 'true',
    DialCallDuration: expect.any(String),
  });
});

test.each([
  ['busy', 'busy'],
  ['no', 'no-answer'],
  ['failed', 'failed'],
] as const)('a person who is %s makes the action ask for voicemail', async (answers, status) => {
  street.simulator.control.setPerson('+13035550001', { answers });
  street.house.on('/voice', dialTo('<Number>+13035550001</Number>'));
  street.house.on(
    '/after',
    `<Response><Say>Leave a message.</Say><Record action="${street.house.url}/kept"/></Response>`,
  );
  const result = await call({ voicemail: 'Call me back' });
  await street.simulator.control.settled();
  expect(street.house.at('/after')[0]?.form).toMatchObject({ DialCallStatus: status, DialBridged: 'false' });
  expect(result.outcome).toBe('voicemail');
  expect(street.house.at('/kept')[0]?.form).toMatchObject({
    Digits: 'hangup',
    RecordingSid: expect.stringMatching(/^RE/),
  });
});

test('a person who must press 1 is only connected after pressing it', async () => {
  street.house.on('/voice', dialTo(`<Number url="${street.house.url}/whisper">+13035550001</Number>`));
  street.house.on(
    '/whisper',
    `<Response><Gather numDigits="1" action="${street.house.url}/pressed"><Say>Press 1</Say></Gather><Hangup/></Response>`,
  );
  street.house.on('/pressed', ({ form }) => ({
    body: form.Digits === '1' ? '<Response/>' : '<Response><Hangup/></Response>',
  }));
  street.house.on('/after', '<Response><Say>Nobody took the call.</Say></Response>');
  expect((await call()).outcome).toBe('person');
  street.simulator.control.setPerson('+13035550001', { answers: 'machine' });
  expect((await call()).outcome).toBe('sentence');
  expect(street.house.at('/after').at(-1)?.form).toMatchObject({ DialBridged: 'false' });
  expect(street.house.at('/whisper')[0]?.form).toMatchObject({ ParentCallSid: expect.stringMatching(/^CA/) });
});

test('of several people rung at once the first to answer wins', async () => {
  street.simulator.control.setPerson('+13035550001', { answers: 'yes', afterSeconds: 9 });
  street.simulator.control.setPerson('+13035550002', { answers: 'yes', afterSeconds: 3 });
  street.house.on('/voice', dialTo('<Number>+13035550001</Number><Number>+13035550002</Number>'));
  const result = await call();
  expect(result.transcriptOfWhatTheCallerHeard).toContainEqual(
    expect.objectContaining({ kind: 'person', text: 'talk with +13035550002' }),
  );
});

test('status callbacks of a leg are numbered from 0', async () => {
  const events = 'initiated ringing answered completed';
  street.house.on(
    '/voice',
    dialTo(`<Number statusCallback="${street.house.url}/leg" statusCallbackEvent="${events}">+13035550001</Number>`),
  );
  await call();
  await street.simulator.control.settled();
  const told = street.house.at('/leg').map(({ form }) => form);
  const inOrder = told.toSorted((left, right) => Number(left.SequenceNumber) - Number(right.SequenceNumber));
  expect(inOrder.map((form) => [form.SequenceNumber, form.CallStatus])).toEqual([
    ['0', 'initiated'],
    ['1', 'ringing'],
    ['2', 'in-progress'],
    ['3', 'completed'],
  ]);
});

test('a number that dials itself goes round until Twilio ends it', async () => {
  street.house.on('/voice', `<Response><Dial><Number>${street.number}</Number></Dial></Response>`);
  const result = await call();
  expect(result.outcome).toBe('error');
  expect(street.house.at('/voice').length).toBeGreaterThan(2);
});

test('a caller who hangs up in the middle ends the call, and the action is still told', async () => {
  street.simulator.control.setPerson('+13035550001', { answers: 'no' });
  const action = `${street.house.url}/after`;
  street.house.on('/voice', `<Response><Dial timeout="9000" action="${action}">+13035550001</Dial></Response>`);
  const result = await call({ hangsUpAfterSeconds: 1500 });
  await street.simulator.control.settled();
  expect(result.outcome).toBe('abandoned');
  expect(street.house.at('/after')[0]?.form).toMatchObject({ CallStatus: 'completed', DialCallStatus: 'canceled' });
});

test('the API can send a running call elsewhere, and hang it up', async () => {
  street.house.on('/voice', '<Response><Pause length="3600"/></Response>');
  street.house.on('/elsewhere', '<Response><Say>Here now.</Say></Response>');
  const running = call();
  const { sid } = await runningCall();
  await twilio(street.simulator, 'POST', `/Calls/${sid}.json`, { Url: `${street.house.url}/elsewhere` });
  expect(kinds((await running).transcriptOfWhatTheCallerHeard)).toContain('say');
  const second = call();
  const { sid: secondSid } = await runningCall();
  await twilio(street.simulator, 'POST', `/Calls/${secondSid}.json`, { Status: 'completed' });
  expect((await second).heardError).toBe(false);
});

test('a call made through the API rings a person, then follows its instructions', async () => {
  street.house.on('/out', '<Response><Say>Your appointment is tomorrow.</Say></Response>');
  const made = await twilio(street.simulator, 'POST', '/Calls.json', {
    To: '+13035550009',
    From: street.number,
    Url: `${street.house.url}/out`,
    StatusCallback: `${street.house.url}/progress`,
    StatusCallbackEvent: 'answered completed',
  });
  await street.simulator.control.settled();
  expect(made).toMatchObject({ status: 'queued', direction: 'outbound-api' });
  expect(
    street.house
      .at('/progress')
      .map(({ form }) => form.CallStatus)
      .toSorted(),
  ).toEqual(['completed', 'in-progress']);
});

test('a text to a number is told to its SMS URL, signed', async () => {
  await point(street, { SmsUrl: `${street.house.url}/sms` });
  expect(await street.simulator.control.sendText({ to: street.number, body: 'Hello' })).toEqual({ status: 204 });
  const [got] = street.house.at('/sms');
  expect(got?.form).toMatchObject({ Body: 'Hello', NumMedia: '0' });
  expect(got && isSigned(street, `${street.house.url}/sms`, got)).toBe(true);
});

function dialTo(nouns: string): string {
  return `<Response><Dial timeout="20" action="${street.house.url}/after">${nouns}</Dial></Response>`;
}

async function runningCall(): Promise<{ sid: string }> {
  let found: { sid: string }[] = [];
  await expect
    .poll(async () => {
      const { calls } = await twilio(street.simulator, 'GET', '/Calls.json?Status=in-progress');
      found = calls as { sid: string }[];
      return found.length;
    })
    .toBe(1);
  return found[0] ?? { sid: '' };
}
