/** The table of alerts in docs/OPERATIONS.md, made from the one list of rules. */
import { readFileSync } from 'node:fs';
import { RULES } from '../src/features/alerts/rules.ts';

export const OPERATIONS_PAGE = new URL('../docs/OPERATIONS.md', import.meta.url);
const TABLE = /<!-- alerts -->[\s\S]*<!-- \/alerts -->/;

/** The whole page, with the table as the rules have it now. */
export function operationsPage(): string {
  const rows = RULES.map(({ id, severity, summary, meaning, action }) =>
    [`\`${id}\``, severity, summary, meaning, action].map((cell) => cell.replaceAll('|', '\\|')).join(' | '),
  );
  const table = [
    '| alert | severity | when | what it means | what to do |',
    '|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ];
  return readFileSync(OPERATIONS_PAGE, 'utf8').replace(TABLE, `<!-- alerts -->\n${table.join('\n')}\n<!-- /alerts -->`);
}
