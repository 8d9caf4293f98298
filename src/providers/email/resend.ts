/** E-mail through Resend's HTTP API. The idempotency key makes a repeat harmless, so the guard may repeat. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { currentCorrelationId } from '../../correlation.ts';
import type { GuardedHttp } from '../http.ts';
import { MAIL_ATTEMPT_MS, MAIL_DEADLINE_MS, type Mailer } from './mail.ts';

const accepted = z.object({ id: z.string() });

export function createResendMailer(options: {
  http: GuardedHttp;
  apiKey: string;
  baseUrl: string;
  from: string;
}): Mailer {
  const { http, apiKey, baseUrl, from } = options;
  return {
    provider: 'resend',
    async send(mail, { lane, signal }) {
      const { body } = await http.request({
        upstream: 'email',
        credential: null,
        operation: 'resend.send',
        method: 'POST',
        url: `${baseUrl.replace(/\/$/, '')}/emails`,
        headers: { Authorization: `Bearer ${apiKey}`, 'Idempotency-Key': idempotencyKeyOf(mail.key) },
        json: { from, to: [mail.to], subject: mail.subject, text: mail.text, html: mail.html },
        repeatable: true,
        deadlineMs: MAIL_DEADLINE_MS,
        attemptTimeoutMs: MAIL_ATTEMPT_MS,
        lane,
        signal,
        correlationId: currentCorrelationId(),
        expect: accepted,
      });
      return { messageId: body.id };
    },
    async close() {},
  };
}

/** Resend takes at most 256 characters. */
function idempotencyKeyOf(key: string): string {
  return `ava-${createHash('sha256').update(key).digest('hex')}`;
}
