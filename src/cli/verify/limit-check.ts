/** The rate limit: as many requests at once as one user may make and five more, and what the answers say of the limit. */
import { setTimeout as wait } from 'node:timers/promises';
import type { VerifyContext } from './context.ts';
import { type Answer, idOf, SETTINGS } from './probe.ts';
import { must } from './run.ts';
import { type Said, say } from './say.ts';

const WINDOW_MS = 60_500;
/** A clock at a proxy may tell the date of the answer a little otherwise. */
const CLOCKS_APART_SECONDS = 30;
/** So many requests a minute the other checks make as the user of their shared session, at most. */
const OWN_REQUESTS = 10;

export async function rateLimit(context: VerifyContext): Promise<Said> {
  const { probe, options, sessions } = context;
  const { token, isSynthetic } = await sessions.fresh();
  const first = isSynthetic ? undefined : await probe.ask('GET', SETTINGS, { token });
  const left = first === undefined ? options.limit : Number(first.headers.get('x-ratelimit-remaining'));
  const answers = await burst(context, token);
  const passed = answers.filter((answer) => answer.status !== 429);
  if (first !== undefined && passed.length !== left) {
    // What this user had asked before may have left the window in between: once more, with an empty one.
    await wait(WINDOW_MS);
    return judgeBurst(await burst(context, token), options.limit, options.limit);
  }
  const seen = judgeBurst(answers, options.limit, left);
  return isSynthetic ? [...seen, ...(await othersGoOn(context))] : seen;
}

/** As many requests at once as the limit allows, and five more. */
function burst({ probe, options }: VerifyContext, token: string): Promise<Answer[]> {
  const ask = () => probe.ask('GET', SETTINGS, { token, isLimitWanted: true });
  return Promise.all(Array.from({ length: options.limit + 5 }, ask));
}

function judgeBurst(answers: Answer[], limit: number, left: number): Said {
  const passed = answers.filter((answer) => answer.status !== 429);
  const refused = answers.filter((answer) => answer.status === 429);
  for (const answer of answers) {
    const told = answer.headers.get('x-ratelimit-limit');
    must(told === String(limit), say`X-RateLimit-Limit says ${told}; ${limit} was expected (--limit).`);
    must(idOf(answer).id !== '', say`A ${answer.status} carries no correlation id.`);
    judgeFields(answer);
  }
  const odd = passed.find((answer) => answer.status !== 200);
  must(odd === undefined, say`One of the first requests answered ${odd?.status}.`);
  must(
    passed.length === left,
    say`Of ${answers.length} requests at once ${passed.length} passed; ${left} should have.`,
  );
  for (const answer of refused) {
    const seconds = Number(answer.headers.get('retry-after'));
    must(seconds >= 1 && seconds <= 60, say`A 429 says Retry-After ${answer.headers.get('retry-after')}.`);
    must(answer.json?.code === 'rate_limited', say`A 429 has the code ${String(answer.json?.code)}.`);
  }
  return say`${passed.length} passed, ${refused.length} were refused with 429 and Retry-After.`;
}

/** The two families of headers tell the same limit, and the reset is a moment of the next minute. */
function judgeFields({ headers, status }: Answer): void {
  const [limit, remaining] = [headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')];
  const [policy, state] = [headers.get('ratelimit-policy') ?? '', headers.get('ratelimit') ?? ''];
  must(/;q=(\d+)/.exec(policy)?.[1] === limit, say`RateLimit-Policy says ${policy}, X-RateLimit-Limit ${limit}.`);
  must(/;r=(\d+)/.exec(state)?.[1] === remaining, say`RateLimit says ${state}, X-RateLimit-Remaining ${remaining}.`);
  must(status !== 429 || remaining === '0', say`A 429 says that ${remaining} requests remain.`);
  const toldMs = Date.parse(headers.get('date') ?? '');
  const seconds = Number(headers.get('x-ratelimit-reset')) - toldMs / 1000;
  const isSoon = seconds >= -CLOCKS_APART_SECONDS && seconds <= 60 + CLOCKS_APART_SECONDS;
  must(Number.isNaN(toldMs) || isSoon, say`X-RateLimit-Reset lies ${Math.round(seconds)} s ahead; a window is 60 s.`);
}

/** An office behind one address is many users: what one of them has used up is not refused to another. */
async function othersGoOn({ probe, options, sessions }: VerifyContext): Promise<Said> {
  const { token } = await sessions.shared();
  const answer = await probe.ask('GET', SETTINGS, { token, isLimitWanted: true });
  if (answer.status === 429 && options.limit < OWN_REQUESTS) return [];
  must(answer.status === 200, say`Another user at the same address then got ${answer.status}, not 200.`);
  return say`Another user at the same address went on.`;
}
