/** `ava verify` looks at the dashboard in a real browser, notices what is broken, and never calls a look it did not have a passed one. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ensureDashboard } from '../../bin/bootstrap/dashboard.mjs';
import { FULL_CHECKS } from '../../src/cli/verify/full.ts';
import { createProbe } from '../../src/cli/verify/probe.ts';
import { runChecks } from '../../src/cli/verify/run.ts';
import { createSessions } from '../../src/cli/verify/session.ts';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { startTamperingProxy, type Tamper, type TamperingProxy } from '../harness/tampering-proxy.ts';
import { hasBrowser } from './dashboard.ts';

// Whole servers and browsers are slow to start on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 300_000 });

let ava: AvaUnderTest;
let proxy: TamperingProxy;
beforeAll(async () => {
  await ensureDashboard();
  ava = await startAva();
  proxy = await startTamperingProxy(ava.url);
});
afterAll(async () => {
  await proxy?.close();
  await ava?.stop();
});

const STATES = FULL_CHECKS.filter(({ id }) => id === 'dashboard_states');
const silent = { onStart: () => {}, onEnd: () => {} };

async function look({ browser, tamper, token }: { browser?: string; tamper?: Tamper; token?: string } = {}) {
  proxy.tamper(tamper);
  const options = { url: proxy.url, token: token ?? (await ava.owner()).token, limit: 10, browser };
  const probe = createProbe(options.url);
  const sessions = createSessions(probe, options.token);
  try {
    return (await runChecks(STATES, { probe, sessions, options }, silent))[0]!;
  } finally {
    proxy.tamper(undefined);
    await sessions.closeAll();
  }
}

describe.skipIf(!hasBrowser)('the states of the dashboard, in a browser', () => {
  it('are seen one after the other on a sound installation, and leave nothing behind', async () => {
    const check = await look();
    expect([check.state, check.detail]).toEqual(['passed', expect.stringContaining('"No settings configured"')]);
    expect(JSON.stringify(check.evidence)).toContain('Greeting saved');
  });

  it('fail where the page says something else, or an edit is not taken', async () => {
    const words = await look({
      tamper: (answer) => {
        if (answer.path.endsWith('.js')) answer.body = answer.body.replaceAll('No settings configured', 'Nothing');
      },
    });
    expect([words.state, words.detail]).toEqual(['failed', expect.stringContaining('No settings configured')]);
    const edit = await look({
      tamper: (answer) => {
        if (answer.method === 'PUT') answer.status = 500;
      },
    });
    expect([edit.state, edit.detail]).toEqual(['failed', expect.stringContaining('500')]);
  });

  it('are skipped for a token that may not have a tenant of its own, since an edit would be a real one', async () => {
    await ava.cli(
      'user',
      'create',
      '--email',
      'ed@example.test',
      '--password',
      'correct horse battery',
      '--tenant',
      'Oak',
    );
    const token = (await ava.cli('token', '--email', 'ed@example.test')).stdout.trim();
    expect(await look({ token })).toMatchObject({ state: 'skipped', detail: expect.stringContaining('operator') });
  });
});

it('are skipped, and it is said so, where there is no browser', async () => {
  const check = await look({ browser: '/nowhere/chromium' });
  expect([check.state, check.detail]).toEqual(['skipped', expect.stringContaining('Needs a browser')]);
});
