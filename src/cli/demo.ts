/** `ava demo`, what `npm start` runs: AVA whole, with simulated vendors, a demo tenant and some calls. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createLog } from '../log.ts';
import { type RunningServer, startServer } from '../serve.ts';
import { startSimulator, type Simulator } from '../simulator/simulator.ts';
import { settleConfig } from './settle.ts';
import { stopOnSignals } from './serve.ts';

const DEMO = { email: 'demo@ava.example', password: 'demo-demo-demo', tenant: 'Birch Dental' };
const SIMULATOR_PORT = 8100;
const PEOPLE = [
  { name: 'Robin at reception', phone_number: '+12025550171' },
  { name: 'Sam on call', phone_number: '+12025550172' },
];

export async function demo(): Promise<void> {
  say('AVA demo: starting the simulated vendors and the embedded database ...');
  // What an earlier demo kept stays: its calls must not be taken for these.
  const simulator = await startSimulator({ port: await simulatorPort(), run: Date.now() });
  const env = demoEnvironment(simulator);
  const settled = settleConfig(env);
  const { dataDir, logLevel, logFile } = settled.config;
  const logs = createLog({ level: logLevel, file: logFile, stdout: { write: () => {} } });
  writeFileSync(path.join(dataDir, 'simulator.json'), JSON.stringify({ url: simulator.url }));
  let server: RunningServer | undefined;
  try {
    server = await startServer({ ...settled, log: logs.log });
    stopOnSignals(server, logs, () => simulator.close());
    const token = await prepareTenant(server);
    await prepareCalls(server, simulator, token).catch((error: unknown) => {
      logs.log.error({ err: error }, 'Some of the demo data could not be made');
    });
    announce(server, token, settled.config);
  } catch (error) {
    logs.log.fatal({ err: error }, 'The demo could not start');
    await server?.stop({ patient: false });
    await simulator.close();
    say(`AVA could not start: ${error instanceof Error ? error.message : String(error)}`);
    say(`The log is in ${logFile}.`);
    process.exit(1);
  }
}

/** What the demo sets and nobody has set otherwise. */
function demoEnvironment(simulator: Simulator): NodeJS.ProcessEnv {
  const given = process.env;
  const dataDir = given['AVA_DATA_DIR'] ?? './.ava';
  mkdirSync(dataDir, { recursive: true });
  return {
    PUBLIC_URL: `http://127.0.0.1:${given['PORT'] ?? '8000'}`,
    LOG_FILE: path.join(dataDir, 'ava.log'),
    SUPPORT_EMAIL: 'support@ava.example',
    SUPPORT_SLACK: '#ava-support',
    ...simulator.env(),
    ...given,
    AVA_DATA_DIR: dataDir,
    AVA_SIMULATOR_URL: simulator.url,
  };
}

async function simulatorPort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(SIMULATOR_PORT, '127.0.0.1', () => probe.close(() => resolve(SIMULATOR_PORT)));
  });
}

/** The demo tenant and its owner; found again when the demo ran here before. */
async function prepareTenant({ deps }: RunningServer): Promise<string> {
  const { users } = deps.accounts;
  try {
    await users.createUser(DEMO);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'user_exists')) throw error;
  }
  return users.issueToken({ email: DEMO.email, ttlSeconds: 24 * 3600 });
}

/** Puts the first number on the front door, with people to fall back to, and lets some callers ring. */
async function prepareCalls(server: RunningServer, simulator: Simulator, token: string): Promise<void> {
  const ask = apiOf(server.url, token);
  await ask('GET', '/api/v1/assistants');
  // The twins begin anew each time; what is known from an earlier demo would send its webhooks nowhere for ten minutes.
  const { assistants, forEachTenant } = server.deps;
  await forEachTenant('assistants.reassert', (tenantId) => assistants.reassertServers(tenantId));
  const { numbers } = await ask<{ numbers: { sid: string; phone_number: string }[] }>('GET', '/api/v1/twilio/numbers');
  const front = numbers.find((number) => number.phone_number === simulator.twilio.numbers[0]);
  if (front === undefined) return;
  await ask('PUT', `/api/v1/twilio/numbers/${front.sid}/routing`, {
    assistant_id: simulator.vapi.assistantId,
    mode: 'front_door',
    fallback: {
      people: PEOPLE,
      strategy: 'in_order',
      voicemail: true,
      message: 'We cannot take your call right now. Please leave a message.',
    },
  });
  for (const [index, says] of CALLERS.entries()) {
    // One after the other, and not awaited: the dashboard shows them come in.
    const from = `+1202555019${index}`;
    void simulator.control.placeCall({ to: front.phone_number, from, script: { says } }).catch(() => {});
  }
}

const CALLERS = [
  ['I would like to move my appointment to Friday.', 'Yes, ten in the morning is fine.', 'Thank you, goodbye.'],
  ['Do you have a slot for a check-up next week?', 'Tuesday works for me.'],
  ['What are your opening hours?', 'Thanks, that was all.'],
];

function apiOf(base: string, token: string) {
  return async <T>(method: string, target: string, body?: object): Promise<T> => {
    const answer = await fetch(new URL(target, base), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${target} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  };
}

function announce(server: RunningServer, token: string, config: { logFile: string | undefined }): void {
  say(`
AVA ${server.deps.release.version} runs, with simulated Vapi and Twilio.

  Dashboard   ${server.url}
  Sign in     ${DEMO.email} / ${DEMO.password}
  API         ${server.url}/api/v1/docs
  Log         ${config.logFile}
  Token       ${token}

Try:
  curl -i -H "Authorization: Bearer $(npx ava token --email ${DEMO.email})" ${server.url}/api/v1/vapi/settings
  npx ava simulate call
  npx ava simulate outage vapi --for 60s

Ctrl-C stops it.`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
