/** What monitoring/ ships: in step with the code, about metrics that exist, and accepted by the real programs. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { DASHBOARDS } from '../monitoring/dashboards.ts';
import { monitoringFiles } from '../monitoring/generate.ts';
import { OPERATIONS_PAGE, operationsPage } from '../monitoring/operations.ts';
import { RULES } from '../src/features/alerts/rules.ts';
import { createMetrics } from '../src/metrics.ts';
import { startSimulator, type Simulator } from '../src/simulator/simulator.ts';
import { type AvaUnderTest, startAva } from './harness/ava.ts';
import { freePort } from './harness/free-port.ts';
import { until } from './harness/until.ts';

const FOLDER = fileURLToPath(new URL('../monitoring/', import.meta.url));
const run = promisify(execFile);
const hasPrometheus = existsSync('/usr/bin/promtool') && existsSync('/usr/bin/prometheus');
const hasAlertmanager = existsSync('/usr/bin/amtool') && existsSync('/usr/bin/prometheus-alertmanager');

describe('monitoring/', () => {
  it('is what the code makes of it', () => {
    for (const [name, content] of monitoringFiles()) {
      const shipped = parse(readFileSync(path.join(FOLDER, name), 'utf8'));
      expect(shipped, `run: node monitoring/generate.ts (${name})`).toEqual(parse(content));
    }
  });

  it('and the alerts in docs/OPERATIONS.md are the rules as they are', () => {
    expect(readFileSync(OPERATIONS_PAGE, 'utf8'), 'run: node monitoring/generate.ts').toBe(operationsPage());
  });

  it('asks only for metrics that AVA has', async () => {
    const known = new Set(
      createMetrics()
        .registry.getMetricsAsArray()
        .map((metric) => metric.name),
    );
    const queries = [
      ...RULES.map((rule) => rule.promql),
      ...DASHBOARDS.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries.map(([, query]) => query))),
    ];
    const unknown = queries.flatMap(metricNames).filter((name) => name !== 'up' && !known.has(name));
    expect(unknown).toEqual([]);
    expect(queries.flatMap(metricNames).length).toBeGreaterThan(40);
  });

  it('names every rule once and says what to do', () => {
    expect(new Set(RULES.map((rule) => rule.id)).size).toBe(RULES.length);
    for (const rule of RULES)
      expect([rule.id, rule.meaning.length > 20 && rule.action.length > 20]).toEqual([rule.id, true]);
  });
});

describe.skipIf(!hasPrometheus)('Prometheus', () => {
  it('accepts the configuration and the rules, which fire when they should', async () => {
    await run('promtool', ['check', 'config', path.join(FOLDER, 'prometheus/prometheus.yml')]);
    const { stdout } = await run('promtool', ['test', 'rules', path.join(FOLDER, 'prometheus/rules.test.yml')]);
    expect(stdout).toContain('SUCCESS');
  });
});

describe.skipIf(!hasAlertmanager)('Alertmanager', () => {
  it('accepts the configuration', async () => {
    const { stdout } = await run('amtool', ['check-config', path.join(FOLDER, 'alertmanager/alertmanager.yml')]);
    expect(stdout).toContain('SUCCESS');
  });
});

describe.skipIf(!hasPrometheus || !hasAlertmanager)('the whole chain', () => {
  let ava: AvaUnderTest;
  let simulator: Simulator;
  let folder: string;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ava-chain-'));
    simulator = await startSimulator({});
    // AVA's own alerter is given no channel: whatever arrives came by way of Alertmanager.
    const env = {
      SLACK_WEBHOOK_URL: '',
      PAGERDUTY_ROUTING_KEY: '',
      AVA_ENV: 'production',
      INTEGRATIONS_STUB_MODE: 'true',
    };
    ava = await startAva({ shared: simulator, env });
  });

  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop();
    await ava.stop();
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('leads from a metric of AVA over Prometheus and Alertmanager to Slack and PagerDuty', async () => {
    const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
    const slack = path.join(folder, 'slack-webhook-url');
    writeFileSync(slack, simulator.slack.webhookUrl);
    const page = path.join(folder, 'pagerduty-routing-key');
    writeFileSync(page, simulator.pagerduty.routingKey);
    const alertmanager = readFileSync(path.join(FOLDER, 'alertmanager/alertmanager.yml'), 'utf8')
      .replaceAll('/etc/alertmanager/slack-webhook-url', slack)
      .replaceAll('/etc/alertmanager/pagerduty-routing-key', page);
    const pagerduty = `global:\n  pagerduty_url: ${simulator.pagerduty.baseUrl}/v2/enqueue\n`;
    writeFileSync(path.join(folder, 'alertmanager.yml'), pagerduty + alertmanager);
    // The minute itself is tested by promtool; here a circuit pages after five seconds.
    const rules = readFileSync(path.join(FOLDER, 'prometheus/rules.yml'), 'utf8');
    writeFileSync(path.join(folder, 'rules.yml'), rules.replace('not_closed_seconds) > 60', 'not_closed_seconds) > 5'));
    const prometheus = parse(readFileSync(path.join(FOLDER, 'prometheus/prometheus.yml'), 'utf8'));
    prometheus.rule_files = [path.join(folder, 'rules.yml')];
    prometheus.global = { scrape_interval: '1s', evaluation_interval: '1s' };
    prometheus.alerting.alertmanagers[0].static_configs[0].targets = [`127.0.0.1:${alertmanagerPort}`];
    prometheus.scrape_configs[0].static_configs[0].targets = [new URL(ava.url).host];
    writeFileSync(path.join(folder, 'prometheus.yml'), stringify(prometheus));
    start('/usr/bin/prometheus-alertmanager', [
      `--config.file=${folder}/alertmanager.yml`,
      `--storage.path=${folder}/alertmanager`,
      `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
      '--cluster.listen-address=',
    ]);
    start('/usr/bin/prometheus', [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/prometheus`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    ]);
    const arrived = () =>
      simulator.control.inboxes.slack.messages.map((message) => JSON.stringify(message.body)).join();
    await until('Slack hears of stub mode', () => arrived().includes('Stub mode is on in production'), 55_000);
    const owner = await ava.owner();
    const isolated = await owner.fetch('/api/v1/ops/circuit-breakers/vapi/isolate', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'To see who is paged', minutes: 5 }),
    });
    expect(isolated.status).toBe(200);
    const pages = () => simulator.control.inboxes.pagerduty.alerts;
    await until('PagerDuty hears of the circuit', () => pages().length > 0, 90_000);
    expect(pages()).toMatchObject([{ status: 'triggered', severity: 'critical' }]);
    const answer = await fetch(`http://127.0.0.1:${prometheusPort}/api/v1/rules`);
    const { data } = (await answer.json()) as { data: { groups: { rules: { name: string; health: string }[] }[] } };
    const loaded = data.groups.flatMap((group) => group.rules);
    expect(loaded.map((rule) => rule.name)).toEqual(RULES.map((rule) => rule.id));
    expect(loaded.filter((rule) => rule.health !== 'ok').map((rule) => rule.name)).toEqual([]);
  }, 240_000);

  function start(command: string, args: string[]): void {
    const child = spawn(command, args, { stdio: 'ignore' });
    stops.push(
      () =>
        new Promise((resolve) => {
          child.once('exit', () => resolve());
          child.kill('SIGTERM');
        }),
    );
  }
});

const WORDS =
  /^(sum|max|min|by|rate|increase|time|absent|histogram_quantile|and|or|offset|le|m|h|s|w|upstream|scope|cause|group|route|rule|channel|outcome|instance|vendor|result|env|job)$/;

/** The names of metrics in a query; a histogram's parts count as the histogram. */
function metricNames(query: string): string[] {
  const bare = query.replaceAll(/\{[^}]*\}|"[^"]*"|\[[^\]]*\]/g, '').replaceAll(/by \([^)]*\)/g, '');
  return [...bare.matchAll(/[a-z_][a-z_0-9]*/g)]
    .map((match) => match[0])
    .filter((name) => !WORDS.test(name))
    .map((name) =>
      name.replace(/^(http_request_duration_seconds|upstream_request_duration_seconds)_(count|bucket|sum)$/, '$1'),
    );
}
