/**
 * LIST: every setting of AVA: its name, schema, default and one sentence of doc.
 * docs/configuration.md and .env.example are held against this list by test/house. Only this file reads the environment.
 */
import { z } from 'zod';
import { type ConfigResult, readConfig, type Setting } from './config-reader.ts';

const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');
const whole = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));
const text = z.string().trim().min(1);
const url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
const pairs = z.string().transform((value, context) => {
  const given = value.split(',').map((item) => item.trim());
  return Object.fromEntries(
    given.filter(Boolean).map((item) => {
      const at = item.indexOf('=');
      if (at < 1) context.addIssue({ code: 'custom', message: 'must be name=value, separated by commas' });
      return [item.slice(0, at).trim(), decoded(item.slice(at + 1).trim())];
    }),
  );
});
const secretKey = z
  .string()
  .refine((value) => Buffer.byteLength(value) >= 32, 'must be at least 32 bytes')
  .refine((value) => new Set(value).size >= 8, 'is too repetitive to be a secret; use random bytes');

export const SETTINGS = {
  env: {
    name: 'AVA_ENV',
    schema: z.enum(['development', 'production', 'test']),
    default: 'development',
    doc: 'What kind of installation this is; `production` refuses to start half configured.',
  },
  port: {
    name: 'PORT',
    schema: whole(0, 65_535),
    default: '8000',
    doc: 'TCP port of the API, the dashboard and the webhooks.',
  },
  host: {
    name: 'HOST',
    schema: text.optional(),
    doc: 'Address to listen on; by default 127.0.0.1, in production 0.0.0.0.',
  },
  publicUrl: {
    name: 'PUBLIC_URL',
    schema: url.optional(),
    doc: 'Address under which Twilio and Vapi reach AVA; webhook signatures are checked against it.',
  },
  trustProxy: {
    name: 'TRUST_PROXY',
    schema: list,
    default: '',
    doc: 'Addresses or ranges of the reverse proxies whose X-Forwarded-For is believed, separated by commas; empty: none.',
  },
  corsOrigins: {
    name: 'CORS_ORIGINS',
    schema: list,
    default: '',
    doc: 'Other origins whose pages may call the API, separated by commas.',
  },
  logFile: {
    name: 'LOG_FILE',
    schema: text.optional(),
    doc: 'File that gets every log line beside stdout; reopened on SIGHUP and after rotation.',
  },
  logLevel: {
    name: 'LOG_LEVEL',
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    default: 'info',
    doc: 'The least severe level that is logged.',
  },
  dataDir: {
    name: 'AVA_DATA_DIR',
    schema: text,
    default: './.ava',
    doc: 'Directory of the embedded database and of the last known routing.',
  },
  databaseUrl: {
    name: 'DATABASE_URL',
    schema: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
      .optional(),
    secret: true,
    doc: 'PostgreSQL to use; unset: the embedded database in AVA_DATA_DIR.',
  },
  redisUrl: {
    name: 'REDIS_URL',
    schema: z
      .string()
      .regex(/^rediss?:\/\//, 'must be a redis:// URL')
      .optional(),
    secret: true,
    doc: 'Redis or Valkey that replicas share limits, breakers and caches through; unset: one process.',
  },
  replicas: {
    name: 'AVA_REPLICAS',
    schema: whole(1, 1000),
    default: '1',
    doc: 'How many replicas run; without Redis each grants its share of a limit.',
  },
  secretKey: {
    name: 'AVA_SECRET_KEY',
    schema: secretKey.optional(),
    secret: true,
    doc: 'At least 32 random bytes; encrypts credentials and signs tokens. Required in production; elsewhere one is made and kept in AVA_DATA_DIR.',
  },
  secretKeyPrevious: {
    name: 'AVA_SECRET_KEY_PREVIOUS',
    schema: secretKey.optional(),
    secret: true,
    doc: 'The key before the last rotation, still accepted for reading.',
  },
  stubMode: {
    name: 'INTEGRATIONS_STUB_MODE',
    prefixed: true,
    schema: flag,
    default: 'false',
    doc: 'Answer integrations with marked stub data instead of calling the vendors; in production the emergency fallback.',
  },
  vapiApiKey: {
    name: 'AVA_API_VAPI_API_KEY',
    aliases: ['VAPI_API_KEY'],
    schema: text.optional(),
    secret: true,
    doc: "Private Vapi API key of the operator's tenant. Required in production.",
  },
  vapiBaseUrl: {
    name: 'VAPI_BASE_URL',
    schema: url,
    default: 'https://api.vapi.ai',
    doc: 'Vapi API; https://api.eu.vapi.ai for EU organisations.',
  },
  twilioAccountSid: {
    name: 'TWILIO_ACCOUNT_SID',
    prefixed: true,
    schema: z
      .string()
      .regex(/^AC[0-9a-fA-F]{32}$/, 'must be AC followed by 32 hexadecimal digits')
      .optional(),
    doc: "Twilio account of the operator's tenant. Required in production.",
  },
  twilioAuthToken: {
    name: 'TWILIO_AUTH_TOKEN',
    prefixed: true,
    schema: text.optional(),
    secret: true,
    doc: 'Primary auth token of that account; it also checks webhook signatures. Required in production.',
  },
  twilioBaseUrl: { name: 'TWILIO_BASE_URL', schema: url, default: 'https://api.twilio.com', doc: 'Twilio REST API.' },
  breakerEnabled: {
    name: 'CIRCUIT_BREAKER_ENABLED',
    schema: flag,
    default: 'true',
    doc: 'Whether circuit breakers may open.',
  },
  breakerThreshold: {
    name: 'CIRCUIT_BREAKER_THRESHOLD',
    schema: whole(1, 1000),
    default: '3',
    doc: 'Consecutive failures that open a circuit.',
  },
  breakerRecoverySeconds: {
    name: 'CIRCUIT_BREAKER_RECOVERY_TIMEOUT',
    schema: whole(1, 3600),
    default: '30',
    doc: 'Seconds that a circuit stays open before it is probed.',
  },
  breakerSuccessThreshold: {
    name: 'CIRCUIT_BREAKER_SUCCESS_THRESHOLD',
    schema: whole(1, 100),
    default: '2',
    doc: 'Successful probes that close a circuit.',
  },
  rateLimitPerMinute: {
    name: 'RATE_LIMIT_PER_MINUTE',
    schema: whole(1),
    default: '10',
    doc: 'Requests a minute that one user may make to one group of routes. The e-mail test allows at most 5.',
  },
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
  otlpEndpoint: {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    schema: url.optional(),
    doc: 'Collector that traces are sent to over OTLP/HTTP, at /v1/traces below this address; unset: none.',
  },
  otlpTracesEndpoint: {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    schema: url.optional(),
    doc: 'The whole address that traces are sent to, where it is not /v1/traces below the one above.',
  },
  otlpHeaders: {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    schema: pairs,
    default: '',
    secret: true,
    doc: 'Headers that the collector asks for, as name=value separated by commas, percent-encoded.',
  },
  otlpTimeoutMs: {
    name: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    schema: whole(1, 60_000),
    default: '10000',
    doc: 'Milliseconds that the collector gets to take a batch of traces.',
  },
  otelServiceName: {
    name: 'OTEL_SERVICE_NAME',
    schema: text,
    default: 'ava',
    doc: 'Name of this installation in traces.',
  },
  otelResourceAttributes: {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    schema: pairs,
    default: '',
    doc: 'What else traces say about this installation, as name=value separated by commas.',
  },
  otelSampler: {
    name: 'OTEL_TRACES_SAMPLER',
    schema: z.enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ]),
    default: 'parentbased_always_on',
    doc: 'Which requests leave traces; `parentbased_…` does as the caller decided where it sends a traceparent.',
  },
  otelSamplerArg: {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    schema: z
      .string()
      .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a number from 0 to 1')
      .transform(Number),
    default: '1',
    doc: 'Part of the traces that `traceidratio` keeps, from 0 to 1.',
  },
  otelScheduleDelayMs: {
    name: 'OTEL_BSP_SCHEDULE_DELAY',
    schema: whole(10, 60_000),
    default: '5000',
    doc: 'Milliseconds that spans wait for others before they are sent together.',
  },
  metricsToken: {
    name: 'METRICS_TOKEN',
    schema: text.optional(),
    secret: true,
    doc: 'Bearer token that /metrics asks for; unset: open.',
  },
  shutdownGraceSeconds: {
    name: 'SHUTDOWN_GRACE_SECONDS',
    schema: whole(0, 600),
    default: '25',
    doc: 'Seconds that requests and jobs get to finish after SIGTERM.',
  },
  fallbackUrl: {
    name: 'FALLBACK_URL',
    schema: url.optional(),
    doc: 'Where the documents of `ava fallback export` are hosted, on another origin than PUBLIC_URL: what callers hear while all of AVA is down.',
  },
  simulatorUrl: {
    name: 'AVA_SIMULATOR_URL',
    schema: url.optional(),
    doc: 'Control address of the simulator; set by `ava demo`, shows the demo buttons in the dashboard.',
  },
} satisfies Record<string, Setting>;

export type Config = { [Key in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[Key]['schema']> } & {
  host: string;
  publicUrl: string;
};

/** Reads and checks the environment. All problems come back at once; nothing is thrown. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): ConfigResult<Config> {
  return readConfig<Config>(SETTINGS, env, { complete, contradictions });
}

function complete(values: Record<string, unknown>): Config {
  const config = values as Config;
  config.host ??= config.env === 'production' ? '0.0.0.0' : '127.0.0.1';
  config.publicUrl = (config.publicUrl ?? `http://127.0.0.1:${config.port}`).replace(/\/$/, '');
  return config;
}

function contradictions(config: Config): string[] {
  const problems: string[] = [];
  const together = (first: keyof Config, second: keyof Config) => {
    if ((config[first] === undefined) === (config[second] === undefined)) return;
    const [set, missing] = config[first] === undefined ? [second, first] : [first, second];
    problems.push(`${nameOf(missing)} is missing: ${nameOf(set)} is set, and they are used together.`);
  };
  together('twilioAccountSid', 'twilioAuthToken');
  together('googleClientId', 'googleClientSecret');
  together('microsoftClientId', 'microsoftClientSecret');
  if (config.secretKey !== undefined && config.secretKey === config.secretKeyPrevious) {
    problems.push('AVA_SECRET_KEY_PREVIOUS equals AVA_SECRET_KEY: unset it, or set the new key.');
  }
  for (const key of ['vapiBaseUrl', 'twilioBaseUrl', 'resendBaseUrl', 'pagerdutyBaseUrl'] as const) {
    const base = new URL(config[key]);
    if (base.protocol === 'http:' && !isLoopback(base.hostname)) {
      problems.push(
        `${nameOf(key)} is plain http to ${base.hostname}: use https (plain http is for the loopback only).`,
      );
    }
  }
  return config.env === 'production' ? [...problems, ...missingInProduction(config)] : problems;
}

function missingInProduction(config: Config): string[] {
  const needed = ['secretKey', 'vapiApiKey', 'twilioAccountSid', 'twilioAuthToken'] as const;
  const paired = (key: keyof Config) =>
    (key === 'twilioAccountSid' && config.twilioAuthToken !== undefined) ||
    (key === 'twilioAuthToken' && config.twilioAccountSid !== undefined);
  return needed
    .filter((key) => config[key] === undefined && !paired(key))
    .map((key) => `${nameOf(key)} is missing: production needs it. ${SETTINGS[key].doc}`);
}

// A value that is not percent-encoded after all is taken as it stands.
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function nameOf(key: keyof Config): string {
  return SETTINGS[key].name;
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
