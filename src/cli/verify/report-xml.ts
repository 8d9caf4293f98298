import type { VerificationBody } from '../../features/releases/contract.ts';

/** The run as JUnit, for whatever shows test results. */
export function junitOf(run: VerificationBody): string {
  const count = (state: string) => run.checks.filter((check) => check.state === state).length;
  const seconds = (Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000;
  const head = `<testsuite name="ava verify" tests="${run.checks.length}" failures="${count('failed')}" skipped="${count('skipped')}" time="${seconds}" timestamp="${run.started_at}">`;
  const cases = run.checks.map((check) => {
    const open = `<testcase classname="${attribute(check.requirement ?? run.kind)}" name="${attribute(check.title)}" time="${check.duration_ms / 1000}">`;
    if (check.state === 'failed') return `${open}<failure message="${attribute(check.detail)}"/></testcase>`;
    if (check.state === 'skipped') return `${open}<skipped message="${attribute(check.detail)}"/></testcase>`;
    return `${open}<system-out>${attribute(check.detail)}</system-out></testcase>`;
  });
  return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...cases, '</testsuite>', ''].join('\n');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function attribute(text: string): string {
  // eslint-disable-next-line no-control-regex -- XML 1.0 has no way to write these characters.
  const allowed = text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
  return allowed.replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
