/** The live table: one line for each check as it ends. */
import type { Check } from '../../features/releases/contract.ts';
import type { Progress } from './run.ts';

type Out = { write(text: string): unknown; isTTY?: boolean };

const WORDS: Record<Check['state'], string> = { passed: 'ok', failed: 'FAILED', skipped: 'skipped' };
const COLOURS: Record<Check['state'], string> = { passed: '32', failed: '31', skipped: '33' };

export function liveTable(out: Out): Progress {
  let place = '';
  return {
    onStart(title, index, total) {
      place = `[${String(index).padStart(String(total).length)}/${total}]`;
      if (out.isTTY) out.write(`${place} ${title} ...`);
    },
    onEnd(check) {
      const word = out.isTTY ? `\u001b[${COLOURS[check.state]}m${WORDS[check.state]}\u001b[0m` : WORDS[check.state];
      const line = check.requirement === null ? '' : `${check.requirement} `;
      const start = out.isTTY ? '\r\u001b[2K' : '';
      out.write(`${start}${place} ${line}${check.title}: ${word} (${check.duration_ms} ms)\n      ${check.detail}\n`);
    },
  };
}

export const SILENT: Progress = { onStart() {}, onEnd() {} };

export function summaryOf(checks: Check[]): string {
  const count = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  const skipped = count('skipped') === 0 ? '' : `, ${count('skipped')} skipped (not counted as passed)`;
  return `${count('passed')} of ${checks.length} passed, ${count('failed')} failed${skipped}`;
}
