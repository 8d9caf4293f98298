import { z } from 'zod';
import type { App } from '../../http/app-type.ts';
import { type Actor, actorOf } from '../../http/caller.ts';
import { listQuerySchema, REFUSALS } from '../../http/shapes.ts';
import {
  releaseBodySchema,
  releaseChangeBodySchema,
  releaseListSchema,
  releaseParamsSchema,
  releaseReplySchema,
  verificationBodySchema,
  verificationListQuerySchema,
  verificationListSchema,
  verificationParamsSchema,
  verificationReplySchema,
  verificationSessionEndSchema,
  verificationSessionSchema,
} from './contract.ts';
import type { Releases } from './releases.ts';
import type { SyntheticTenants } from './synthetic.ts';

export type ReleaseRouteDeps = {
  releases: Releases;
  syntheticTenants: SyntheticTenants;
  record: (actor: Actor, action: string, subject: string, details: object) => Promise<void>;
};

const TAGS = ['ops'];

export function releaseRoutes(app: App, deps: ReleaseRouteDeps): void {
  openSession(app, deps);
  closeSession(app, deps);
  listVerifications(app, deps);
  getVerification(app, deps);
  recordVerification(app, deps);
  listReleases(app, deps);
  getRelease(app, deps);
  recordRelease(app, deps);
  changeRelease(app, deps);
}

function openSession(app: App, { syntheticTenants, record }: ReleaseRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'A tenant of its own for a verification, and a token for it',
    response: { ...REFUSALS, 200: verificationSessionSchema },
  };
  const config = { access: 'operator', limitGroup: 'verification-session' } as const;
  app.post('/ops/verification/session', { schema, config }, async (request) => {
    const session = await syntheticTenants.open();
    await record(actorOf(request), 'verification.session_opened', session.tenantId, {});
    return {
      tenant_id: session.tenantId,
      access_token: session.accessToken,
      expires_at: session.expiresAt.toISOString(),
    };
  });
}

function closeSession(app: App, { syntheticTenants, record }: ReleaseRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'End a verification session and remove its tenant',
    params: z.object({ tenant_id: z.uuid() }),
    response: { ...REFUSALS, 200: verificationSessionEndSchema },
  };
  const config = { access: 'operator', limitGroup: 'verification-session-end' } as const;
  app.delete('/ops/verification/session/:tenant_id', { schema, config }, async (request) => {
    const { tenant_id } = request.params;
    await syntheticTenants.close(tenant_id);
    await record(actorOf(request), 'verification.session_closed', tenant_id, {});
    return { tenant_id, removed: true as const };
  });
}

function listVerifications(app: App, { releases }: ReleaseRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Verification runs, newest first',
    querystring: verificationListQuerySchema,
    response: { ...REFUSALS, 200: verificationListSchema },
  };
  const config = { access: 'viewer', limitGroup: 'verifications' } as const;
  app.get('/ops/verifications', { schema, config }, async (request) =>
    releases.listRuns(request.caller.tenantId, request.query),
  );
}

function getVerification(app: App, { releases }: ReleaseRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'One verification run with its checks and their evidence',
    params: verificationParamsSchema,
    response: { ...REFUSALS, 200: verificationReplySchema },
  };
  const config = { access: 'viewer', limitGroup: 'verifications' } as const;
  app.get('/ops/verifications/:id', { schema, config }, async (request) => ({
    verification: await releases.getRun(request.caller.tenantId, request.params.id),
  }));
}

function recordVerification(app: App, { releases }: ReleaseRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Keep a finished verification run',
    body: verificationBodySchema,
    response: { ...REFUSALS, 201: verificationReplySchema },
  };
  // A release is judged by these: whoever could write one could call a bad release good.
  const config = { access: 'operator', limitGroup: 'verifications', idempotent: true } as const;
  app.post('/ops/verifications', { schema, config }, async (request, reply) =>
    reply.code(201).send({ verification: await releases.recordRun(actorOf(request), request.body) }),
  );
}

function listReleases(app: App, { releases }: ReleaseRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Releases, newest first',
    querystring: listQuerySchema,
    response: { ...REFUSALS, 200: releaseListSchema },
  };
  const config = { access: 'operator', limitGroup: 'releases' } as const;
  app.get('/ops/releases', { schema, config }, async (request) => releases.listReleases(request.query));
}

function recordRelease(app: App, { releases }: ReleaseRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Keep a release: one that begins, or one that has ended',
    body: releaseBodySchema,
    response: { ...REFUSALS, 201: releaseReplySchema },
  };
  const config = { access: 'operator', limitGroup: 'releases', idempotent: true } as const;
  app.post('/ops/releases', { schema, config }, async (request, reply) =>
    reply.code(201).send({ release: await releases.recordRelease(actorOf(request), request.body) }),
  );
}

function getRelease(app: App, { releases }: ReleaseRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'One release with its plan and how far it is',
    params: releaseParamsSchema,
    response: { ...REFUSALS, 200: releaseReplySchema },
  };
  const config = { access: 'operator', limitGroup: 'releases' } as const;
  app.get('/ops/releases/:id', { schema, config }, async (request) => ({
    release: await releases.getRelease(request.params.id),
  }));
}

function changeRelease(app: App, { releases }: ReleaseRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Say how a running release stands, or how it ended',
    params: releaseParamsSchema,
    body: releaseChangeBodySchema,
    response: { ...REFUSALS, 200: releaseReplySchema },
  };
  const config = { access: 'operator', limitGroup: 'release-progress' } as const;
  app.put('/ops/releases/:id', { schema, config }, async (request) => ({
    release: await releases.changeRelease(actorOf(request), request.params.id, request.body),
  }));
}
