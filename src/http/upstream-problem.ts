/** How a failure of an upstream reads from outside. */
import { fail, type PublicError } from '../errors.ts';
import { UpstreamError } from '../resilience/upstream-error.ts';

const NAMES: Record<string, string> = {
  vapi: 'Vapi',
  twilio: 'Twilio',
  email: 'The e-mail service',
  calendar: 'The calendar',
  slack: 'Slack',
  pagerduty: 'PagerDuty',
};

/** The public form of an error of the guarded client; undefined for anything else. */
export function publicErrorOf(error: unknown): PublicError | undefined {
  return error instanceof UpstreamError ? upstreamProblem(error) : undefined;
}

function upstreamProblem(error: UpstreamError): PublicError {
  const name = NAMES[error.upstream] ?? error.upstream;
  const retryAfterSeconds = error.retryAfterMs === undefined ? undefined : error.retryAfterMs / 1000;
  const members = { upstream: error.upstream };
  switch (error.kind) {
    case 'circuit_open':
      return fail('upstream_unavailable', `${name} is not answering; AVA stopped asking for a moment.`, {
        retryAfterSeconds: retryAfterSeconds ?? 30,
        members,
        cause: error,
      });
    case 'rate_limited':
      return fail('upstream_unavailable', `${name} asks us to slow down.`, {
        retryAfterSeconds: retryAfterSeconds ?? 5,
        members,
        cause: error,
      });
    case 'overloaded':
      return fail('overloaded', `Too many requests wait for ${name}.`, {
        retryAfterSeconds: retryAfterSeconds ?? 1,
        members,
        cause: error,
      });
    case 'timeout':
      return fail('upstream_timeout', `${name} did not answer in time.`, { members, cause: error });
    case 'auth':
      return credentialsRejected(error, name);
    case 'not_found':
      return fail('not_found', `${name} does not know it.`, { members, cause: error });
    case 'invalid':
    case 'conflict':
    case 'billing':
      return fail('upstream_rejected', `${name} refused the request: ${error.detail}`, { members, cause: error });
    default:
      return fail('upstream_failed', `${name} could not be reached or answered with an error.`, {
        members,
        cause: error,
      });
  }
}

function credentialsRejected(error: UpstreamError, name: string): PublicError {
  if (error.upstream === 'vapi') {
    return fail('vapi_credentials_rejected', 'Vapi rejected your API key. Update it in Settings → Vapi.', {
      members: { upstream: 'vapi' },
      cause: error,
    });
  }
  if (error.upstream === 'twilio') {
    return fail(
      'twilio_credentials_rejected',
      'Twilio rejected the account SID or auth token. Update them in Integrations → Twilio.',
      { members: { upstream: 'twilio' }, cause: error },
    );
  }
  return fail('upstream_rejected', `${name} rejected the credentials.`, {
    members: { upstream: error.upstream },
    cause: error,
  });
}
