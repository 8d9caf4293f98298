/**
 * LIST: every setting of AVA: its name, schema, default and one sentence of doc.
 * Those of messages and calendars, and of traces, stand in files of their own.
 * docs/configuration.md and .env.example are held against this list by test/house. Only this file reads the environment.
 */
import { z } from 'zod';
import { MESSAGE_SETTINGS } from './config-messages.ts';
import { type ConfigResult, readConfig, type Setting } from './config-reader.ts';
import { flag, list, secretKey, text, url, whole } from './config-shapes.ts';
import { TRACING_SETTINGS } from './config-tracing.ts';

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
  ...MESSAGE_SETTINGS,
  ...TRACING_SETTINGS,
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
  ledgerMonthsKept: {
    name: 'LEDGER_MONTHS_KEPT',
    schema: whole(3, 1_200).optional(),
    doc: 'Months of the webhook ledger that stay beside the current one, at least 3; an older one is dropped as a whole once everything in it is processed. Unset: all stay.',
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

function nameOf(key: keyof Config): string {
  return SETTINGS[key].name;
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
