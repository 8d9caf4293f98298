import type { Config } from '../../config.ts';
import type { Guard } from '../../resilience/guard.ts';
import type { GuardedHttp } from '../http.ts';
import type { Mailer } from './mail.ts';
import { createResendMailer } from './resend.ts';

export type MailSettings = Pick<Config, 'smtpUrl' | 'resendApiKey' | 'resendBaseUrl' | 'emailFrom'>;

/** The configured way to send e-mail, SMTP before Resend; undefined where there is none. */
export async function createMailer(deps: {
  config: MailSettings;
  guard: Guard;
  http: GuardedHttp;
}): Promise<Mailer | undefined> {
  const { smtpUrl, resendApiKey, resendBaseUrl, emailFrom } = deps.config;
  if (smtpUrl !== undefined) {
    // The driver is loaded only where it is used: it is dear at every start.
    const { createSmtpMailer } = await import('./smtp.ts');
    return createSmtpMailer({ guard: deps.guard, url: smtpUrl, from: emailFrom });
  }
  if (resendApiKey === undefined) return undefined;
  return createResendMailer({ http: deps.http, apiKey: resendApiKey, baseUrl: resendBaseUrl, from: emailFrom });
}
