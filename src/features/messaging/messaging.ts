/**
 * E-mail that leaves the house. In stub mode nothing leaves, and every answer says so; without a provider a person is
 * told what to configure. Mail of the product goes out once per key, whatever is repeated around it.
 */
import { randomUUID } from 'node:crypto';
import type { Config } from '../../config.ts';
import { errorsOf } from '../../errors.ts';
import type { Mailer } from '../../providers/email/mail.ts';
import type { EffectResult, Effects } from '../effects/effects.ts';
import { type CallSummary, callSummaryMail } from './call-summary.ts';
import { type EmailTestBody, type EmailTestWire, MESSAGING_ERRORS } from './contract.ts';

export type MessagingDeps = {
  config: Pick<Config, 'env' | 'stubMode'>;
  /** Undefined where neither SMTP nor Resend is configured. */
  mailer: Mailer | undefined;
  effects: Pick<Effects, 'once' | 'find' | 'settle'>;
};

export type ProductMail = {
  tenantId: string;
  to: string;
  subject: string;
  text: string;
  html?: string | undefined;
  /** The same key is the same mail. */
  effectKey: string;
};

/** `unknown`: it left, and no answer came; SMTP cannot tell whether it arrived, so it is not sent again. */
export type MailOutcome =
  | { state: 'delivered'; messageId: string }
  | { state: 'stub' }
  | { state: 'not_configured' }
  | { state: 'unknown' };

export type Messaging = {
  /** The test of the e-mail integration, as the deployment guide asks for it. */
  testEmail(body: EmailTestBody, options?: { isVerification?: boolean }): Promise<EmailTestWire>;
  /** Sends mail of the product from a job. Rejects with an `UpstreamError`; the job decides about another attempt. */
  sendEmail(mail: ProductMail): Promise<MailOutcome>;
  /** Tells a person about a finished call. */
  sendCallSummary(given: { tenantId: string; to: string; effectKey: string; call: CallSummary }): Promise<MailOutcome>;
};

const fail = errorsOf(MESSAGING_ERRORS);

export function createMessaging({ config, mailer, effects }: MessagingDeps): Messaging {
  async function sendEmail(mail: ProductMail): Promise<MailOutcome> {
    if (config.stubMode) return { state: 'stub' };
    if (mailer === undefined) return { state: 'not_configured' };
    const result = await once(mailer, mail);
    if (result.state !== 'done') return { state: 'unknown' };
    return { state: 'delivered', messageId: (result.outcome as { messageId: string }).messageId };
  }

  async function once(by: Mailer, mail: ProductMail): Promise<EffectResult> {
    const { tenantId, to, text, html } = mail;
    const order = { tenantId, key: `email:${mail.effectKey}`, kind: 'email' };
    const key = `${tenantId}:${mail.effectKey}`;
    const act = () => by.send({ to, text, html, key, subject: headerLine(mail.subject) }, { lane: 'job' });
    const result = await effects.once(order, act, { lane: 'job' });
    if (result.state !== 'unknown' || by.provider !== 'resend') return result;
    // Resend knows our key for a day, so asking again cannot send twice; with SMTP nobody could tell.
    const effect = await effects.find(tenantId, order.key);
    if (effect !== undefined) await effects.settle(effect, 'planned', null);
    return effects.once(order, act, { lane: 'job' });
  }

  return {
    async testEmail({ to, subject, text }, { isVerification = false } = {}) {
      if (config.stubMode) return STUB_ANSWER;
      if (mailer === undefined) throw withoutProvider(config.env);
      if (isVerification) return { ...VERIFICATION_ANSWER, provider: mailer.provider };
      const { messageId } = await mailer.send(
        { to, subject, text, key: `email-test:${randomUUID()}` },
        { lane: 'api' },
      );
      return {
        delivered: true,
        stub: false,
        provider: mailer.provider,
        message_id: messageId,
        note: `${mailer.provider === 'smtp' ? 'The SMTP server' : 'Resend'} took the message over.`,
      };
    },
    sendEmail,
    sendCallSummary: ({ tenantId, to, effectKey, call }) =>
      sendEmail({ tenantId, to, effectKey, ...callSummaryMail(call) }),
  };
}

const STUB_ANSWER: EmailTestWire = {
  delivered: false,
  stub: true,
  provider: null,
  message_id: null,
  note: 'Stub mode is on (INTEGRATIONS_STUB_MODE): nothing was sent.',
};

/** Verification leaves nothing behind, no mail either. */
const VERIFICATION_ANSWER: EmailTestWire = {
  delivered: false,
  stub: false,
  provider: null,
  message_id: null,
  note: 'A provider is configured. Verification sends no mail.',
};

function withoutProvider(env: Config['env']) {
  if (env === 'production') {
    return fail('stub_disabled_in_production', 'Stub integrations are disabled in production');
  }
  return fail('email_not_configured', 'Set SMTP_URL or RESEND_API_KEY, or turn INTEGRATIONS_STUB_MODE on.');
}

/** Names and speech of callers end up in subjects: no line break of theirs may begin a header. */
function headerLine(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, 200);
}
