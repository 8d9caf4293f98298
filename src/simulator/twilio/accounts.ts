import type { FastifyInstance } from 'fastify';
import type { Account } from './account.ts';
import { unauthorised } from './errors.ts';
import { pageOf } from './paging.ts';
import { nowIn } from './records.ts';
import { accountOf, BASE, callerOf, type TwilioTwin } from './twin.ts';

export function accountRoutes(app: FastifyInstance, twin: TwilioTwin): void {
  app.get(`${BASE}/Accounts.json`, (request) => {
    const { account, byKey } = callerOf(twin, request);
    if (byKey) throw unauthorised();
    const { FriendlyName, Status } = request.query as Record<string, string>;
    const found = twin.accounts
      .filter((candidate) => candidate.ownerSid === account.sid)
      .filter((candidate) => !FriendlyName || candidate.friendlyName === FriendlyName)
      .filter((candidate) => !Status || candidate.status === Status);
    return pageOf(request, 'accounts', found.map(shown));
  });

  app.post(`${BASE}/Accounts.json`, (request, reply) => {
    const { account } = callerOf(twin, request);
    const { FriendlyName } = (request.body ?? {}) as Record<string, string>;
    const added = twin.addAccount({ ownerSid: account.sid, ...(FriendlyName && { friendlyName: FriendlyName }) });
    return reply.code(201).send(shown(added));
  });

  app.get(`${BASE}/Accounts/:accountSid(^AC[0-9a-f]{32}).json`, (request) =>
    shown(accountOf(twin, request, { refusesKeys: true })),
  );

  app.post(`${BASE}/Accounts/:accountSid(^AC[0-9a-f]{32}).json`, (request) => {
    const account = accountOf(twin, request, { refusesKeys: true });
    const { FriendlyName, Status } = (request.body ?? {}) as Record<string, string>;
    if (FriendlyName) account.friendlyName = FriendlyName;
    if (Status === 'active' || Status === 'suspended' || Status === 'closed') account.status = Status;
    return shown(account);
  });

  app.get(`${BASE}/Accounts/:accountSid/Balance.json`, (request) => {
    const account = accountOf(twin, request);
    return { account_sid: account.sid, balance: '42.50', currency: 'USD' };
  });

  app.get(`${BASE}/Accounts/:accountSid/Keys.json`, (request) => {
    const account = accountOf(twin, request, { refusesKeys: true });
    return pageOf(
      request,
      'keys',
      [...account.keys.keys()].map((sid) => ({ sid, friendly_name: 'Key' })),
    );
  });

  app.post(`${BASE}/Accounts/:accountSid/Keys.json`, (request, reply) => {
    const account = accountOf(twin, request, { refusesKeys: true });
    const { FriendlyName } = (request.body ?? {}) as Record<string, string>;
    const sid = twin.random.sid('SK');
    const secret = twin.random.hex(32);
    account.keys.set(sid, secret);
    const now = nowIn(twin.world.time.story);
    return reply
      .code(201)
      .send({ sid, friendly_name: FriendlyName ?? 'Key', secret, date_created: now, date_updated: now });
  });
}

/** The answer holds the auth token, as the real one does: whoever logs it has a leak. */
function shown(account: Account): { sid: string } {
  const uri = `${BASE}/Accounts/${account.sid}`;
  const resources: Record<string, string> = {
    sid: account.sid,
    auth_token: account.authToken,
    friendly_name: account.friendlyName,
    owner_account_sid: account.ownerSid,
    status: account.status,
    type: 'Full',
    date_created: account.createdAt,
    date_updated: account.createdAt,
    uri: `${uri}.json`,
  };
  const subresources = {
    calls: `${uri}/Calls.json`,
    messages: `${uri}/Messages.json`,
    incoming_phone_numbers: `${uri}/IncomingPhoneNumbers.json`,
    recordings: `${uri}/Recordings.json`,
  };
  return { ...resources, sid: account.sid, subresource_uris: subresources } as { sid: string };
}
