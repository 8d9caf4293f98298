/** What every way of sending e-mail has in common. */
import { createHash } from 'node:crypto';
import type { Lane } from '../../resilience/guard.ts';

export type Mail = {
  to: string;
  subject: string;
  text: string;
  html?: string | undefined;
  /** The same key is the same mail: providers that can, send it once. */
  key: string;
};

export type SentMail = { messageId: string };

export type Mailer = {
  provider: 'smtp' | 'resend';
  /** Resolves once the provider has taken the mail over; rejects with an `UpstreamError`. */
  send(mail: Mail, options: { lane: Lane; signal?: AbortSignal | undefined }): Promise<SentMail>;
  close(): Promise<void>;
};

/** For the whole call and for one attempt, in milliseconds. */
export const MAIL_DEADLINE_MS = 12_000;
export const MAIL_ATTEMPT_MS = 8_000;

/** The same for the same key, so that a mail whose fate is unknown can be recognised when it arrives twice. */
export function messageIdOf(key: string, from: string): string {
  const domain = /@([^\s<>@]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
  return `<${createHash('sha256').update(key).digest('hex').slice(0, 40)}@${domain}>`;
}
