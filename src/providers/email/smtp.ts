/** E-mail over SMTP. nodemailer owns the sockets, so the guard stands around it; its own repeats are off. */
import { createTransport } from 'nodemailer';
import type { Guard } from '../../resilience/guard.ts';
import { MAIL_ATTEMPT_MS, MAIL_DEADLINE_MS, type Mailer, messageIdOf } from './mail.ts';
import { smtpError } from './smtp-error.ts';

export function createSmtpMailer({ guard, url, from }: { guard: Guard; url: string; from: string }): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: 4,
    maxRequeues: 0,
    idleTimeout: 60_000,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 15_000,
    dnsTimeout: 5_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });

  return {
    provider: 'smtp',
    async send(mail, { lane, signal }) {
      const messageId = messageIdOf(mail.key, from);
      await guard.run({
        upstream: 'email',
        credential: null,
        operation: 'smtp.send',
        repeatable: false,
        deadlineMs: MAIL_DEADLINE_MS,
        attemptTimeoutMs: MAIL_ATTEMPT_MS,
        lane,
        signal,
        async attempt(context) {
          try {
            await transport.sendMail({
              from,
              // As an object: a text would be read as a list of addresses.
              to: { name: '', address: mail.to },
              subject: mail.subject,
              text: mail.text,
              ...(mail.html === undefined ? {} : { html: mail.html }),
              messageId,
              signal: context.signal,
            });
          } catch (error) {
            throw smtpError(error);
          }
        },
      });
      return { messageId };
    },
    async close() {
      transport.close();
    },
  };
}
