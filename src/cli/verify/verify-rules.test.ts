import { describe, expect, it } from 'vitest';
import { readGuide, stateOfLine } from './guide.ts';
import { readMetrics } from './metrics-page.ts';
import { htmlOf } from './report-html.ts';
import { junitOf } from './report-xml.ts';

describe('reading a deployment guide', () => {
  const guide = [
    '# Deploy',
    '```bash',
    'export INTEGRATIONS_STUB_MODE=false',
    '# a comment',
    'curl -H "Authorization: Bearer $T" \\',
    '  -H "X-Correlation-ID: test-12345" localhost:8000/api/v1/vapi/settings',
    'for i in {1..15}; do',
    '  curl localhost:8000/api/v1/vapi/settings',
    'done',
    'make coffee',
    'INTEGRATIONS_STUB_MODE=true systemctl restart ava-api',
    '```',
    '- P95 < 500 ms maintained',
    '- be happy',
    '- [ ] Edit a setting → success toast',
    '- Requests without correlation ID > 5% → investigate',
    '| pool reuse | > 90 % |',
    '|---|---|',
  ].join('\n');

  it('maps each command and each target, and names what it cannot map', () => {
    expect(readGuide(guide).map(({ line, checks }) => [line, checks])).toEqual([
      [3, ['environment']],
      [5, ['id_echoed']],
      [7, ['rate_limit']],
      [10, []],
      [11, ['rollback']],
      [13, ['latency']],
      [15, ['dashboard', 'dashboard_states']],
      [16, ['alerts']],
      [17, ['client_reuse']],
    ]);
  });

  it('says of each line how it came out: as the worst of its checks, and skipped where there is none', () => {
    const lines = readGuide(guide);
    const done = (['latency', 'dashboard', 'dashboard_states', 'guide_line_10'] as const).map((id) => ({
      ...{ id, requirement: null, title: id, detail: '', duration_ms: 1, evidence: [] },
      state:
        ({ latency: 'passed', dashboard: 'passed', dashboard_states: 'failed' } as const)[id as 'latency'] ?? 'skipped',
    }));
    const states = Object.fromEntries(lines.map((line) => [line.line, stateOfLine(line, done)]));
    expect(states).toMatchObject({ 5: 'skipped', 10: 'skipped', 13: 'passed', 15: 'failed' });
    const page = htmlOf(
      {
        ...{ kind: 'full', target: 'x', version: null, commit: null, checks: done },
        ...{ started_at: '2026-01-01T00:00:00Z', finished_at: '2026-01-01T00:00:01Z' },
      },
      { file: 'GUIDE.md', lines },
    );
    expect(page).toContain('<td>10</td><td class="skipped">skipped</td><td><code>make coffee</code></td>');
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
