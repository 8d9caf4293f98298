/** LIST: the settings of whom AVA writes to and of the calendars: mail, alerts, support, Google, Microsoft. */
import { z } from 'zod';
import type { Setting } from './config-reader.ts';
import { list, text, url } from './config-shapes.ts';

export const MESSAGE_SETTINGS = {
  smtpUrl: {
    name: 'SMTP_URL',
    schema: z
      .string()
      .regex(/^smtps?:\/\//, 'must be an smtp:// or smtps:// URL')
      .optional(),
    secret: true,
    doc: 'SMTP server that e-mail leaves through, with user and password where it wants them.',
  },
  resendApiKey: {
    name: 'RESEND_API_KEY',
    schema: text.optional(),
    secret: true,
    doc: 'Resend API key; used when SMTP_URL is not set.',
  },
  resendBaseUrl: { name: 'RESEND_BASE_URL', schema: url, default: 'https://api.resend.com', doc: 'Resend API.' },
  emailFrom: {
    name: 'EMAIL_FROM',
    schema: text,
    default: 'AVA <ava@localhost>',
    doc: 'Sender of e-mail; Resend wants an address of a verified domain.',
  },
  slackWebhookUrl: {
    name: 'SLACK_WEBHOOK_URL',
    schema: url.optional(),
    secret: true,
    doc: 'Slack incoming webhook that alerts are posted to.',
  },
  pagerdutyRoutingKey: {
    name: 'PAGERDUTY_ROUTING_KEY',
    schema: text.optional(),
    secret: true,
    doc: 'PagerDuty Events v2 integration key that pages go to.',
  },
  pagerdutyBaseUrl: {
    name: 'PAGERDUTY_BASE_URL',
    schema: url,
    default: 'https://events.pagerduty.com',
    doc: 'PagerDuty Events API; https://events.eu.pagerduty.com for EU accounts.',
  },
  alertEmailTo: {
    name: 'ALERT_EMAIL_TO',
    schema: list,
    default: '',
    doc: 'Addresses that alerts are mailed to, separated by commas.',
  },
  supportSlack: {
    name: 'SUPPORT_SLACK',
    schema: text.optional(),
    doc: 'Slack channel to name to people who need help.',
  },
  supportEmail: {
    name: 'SUPPORT_EMAIL',
    schema: text.optional(),
    doc: 'E-mail address to name to people who need help.',
  },
  googleClientId: { name: 'GOOGLE_CLIENT_ID', schema: text.optional(), doc: 'OAuth client for Google Calendar.' },
  googleClientSecret: {
    name: 'GOOGLE_CLIENT_SECRET',
    schema: text.optional(),
    secret: true,
    doc: 'Secret of that client.',
  },
  googleBaseUrl: { name: 'GOOGLE_BASE_URL', schema: url, default: 'https://www.googleapis.com', doc: 'Google API.' },
  microsoftClientId: {
    name: 'MICROSOFT_CLIENT_ID',
    schema: text.optional(),
    doc: 'OAuth client for Microsoft calendars.',
  },
  microsoftClientSecret: {
    name: 'MICROSOFT_CLIENT_SECRET',
    schema: text.optional(),
    secret: true,
    doc: 'Secret of that client.',
  },
  microsoftBaseUrl: {
    name: 'MICROSOFT_BASE_URL',
    schema: url,
    default: 'https://graph.microsoft.com',
    doc: 'Microsoft Graph API.',
  },
} satisfies Record<string, Setting>;
