/** The live table: one line for each check as it ends. */
import type { Check } from '../../features/releases/contract.ts';
import { type Guide, stateOfLine } from './guide.ts';
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

/** The guide, line by line: how each came out, and by which checks. */
export function guideTable({ file, lines }: Pick<Guide, 'file' | 'lines'>, checks: Check[]): string {
  const width = String(lines.at(-1)?.line ?? '').length;
  const rows = lines.map((line) => {
    const word = line.checks.length === 0 ? 'NO CHECK' : WORDS[stateOfLine(line, checks)];
    return `${String(line.line).padStart(width)}  ${word.padEnd(8)}  ${shortened(line.text)}  ${provedBy(line.checks)}`.trimEnd();
  });
  const unmapped = lines.filter((line) => line.checks.length === 0).length;
  return [``, file, ...rows, `${lines.length - unmapped} of ${lines.length} lines mapped to checks`, '', ''].join('\n');
}

const LONGEST = 72;

function shortened(text: string): string {
  return (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text).padEnd(LONGEST);
}

function provedBy(checks: string[]): string {
  return checks.length > 3 ? `${checks.length} checks` : checks.join(', ');
}
