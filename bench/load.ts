/** The driver: a fixed count of requests over a fixed number of connections, closed loop. */
import { Pool } from 'undici';

export type Load = {
  url: string;
  path: string;
  headers?: Record<string, string>;
  method?: 'GET' | 'POST';
  body?: string;
  count: number;
  connections: number;
  expect?: number;
};
export type Outcome = { latenciesMs: number[]; wrong: number };

export async function drive({
  url,
  path,
  headers = {},
  method = 'GET',
  body,
  count,
  connections,
  expect = 200,
}: Load): Promise<Outcome> {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const latenciesMs: number[] = [];
  let left = count;
  let wrong = 0;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const started = performance.now();
      const answer = await pool.request({ path, method, headers, body: body ?? null });
      await answer.body.dump();
      if (answer.statusCode !== expect) wrong += 1;
      latenciesMs.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  await pool.close();
  return { latenciesMs, wrong };
}

export function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export const median = (values: number[]) => quantile(values, 0.5);
