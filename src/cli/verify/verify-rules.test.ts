import { describe, expect, it } from 'vitest';
import { readGuide } from './guide.ts';
import { readMetrics } from './metrics-page.ts';
import { junitOf } from './report-xml.ts';

describe('reading a deployment guide', () => {
  const guide = [
    '# Deploy',
    '```bash',
    'export INTEGRATIONS_STUB_MODE=false',
    '# a comment',
    'curl -H "Authorization: Bearer $T" \\',
    '  -H "X-Correlation-ID: test-12345" localhost:8000/api/v1/vapi/settings',
    'for i in {1..15}; do curl localhost:8000/api/v1/vapi/settings; done',
    'make coffee',
    '```',
    '- P95 < 500 ms maintained',
    '- be happy',
    '| pool reuse | > 90 % |',
    '|---|---|',
  ].join('\n');

  it('maps each command and each target, and names what it cannot map', () => {
    expect(readGuide(guide).map(({ line, checks }) => [line, checks])).toEqual([
      [3, ['environment']],
      [6, ['id_echoed']],
      [7, ['rate_limit']],
      [8, []],
      [10, ['latency']],
      [12, ['client_reuse']],
    ]);
  });
});

describe('reading the page of metrics', () => {
  it('sums what carries the labels, and tells a declared metric from a missing one', () => {
    const page = readMetrics('# TYPE a_total counter\na_total{x="1",y="q\\"z"} 2\na_total{x="2"} 3\n# TYPE b gauge\n');
    expect(page.sum('a_total')).toBe(5);
    expect(page.value('a_total', { x: '1' })).toBe(2);
    expect([page.has('b'), page.has('c'), page.sum('c')]).toEqual([true, false, 0]);
  });
});

describe('the JUnit report', () => {
  it('stays well-formed whatever a server answers', () => {
    const check = {
      id: 'a',
      requirement: 'R1',
      title: 'T "<&>"',
      state: 'failed' as const,
      duration_ms: 5,
      evidence: [],
    };
    const xml = junitOf({
      ...{ kind: 'full', target: 'x', version: null, commit: null },
      started_at: '2026-01-01T00:00:00Z',
      finished_at: '2026-01-01T00:00:01Z',
      checks: [{ ...check, detail: 'bad \u0000 \u001b[31m </testcase>' }],
    });
    expect(xml).toContain('failures="1"');
    expect(xml).toContain('bad  [31m &lt;/testcase&gt;');
  });
});
