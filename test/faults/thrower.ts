/**
 * Throws at one awaited boundary of one piece of work: a statement to the database, or a call of one part of AVA to
 * another. Work is known by its correlation id; whatever else runs at the same time is left alone.
 */
import type { Socket } from 'node:net';
import { Client } from 'pg';
import { currentContext } from '../../src/correlation.ts';

export type Thrower = {
  /** Counts the boundaries that the work of this id passes; throws at the one that is named. */
  arm(correlationId: string, at?: number): void;
  /** Names of the boundaries that were passed since. */
  passed(): string[];
  remove(): void;
};

export class Planted extends Error {}

type Method = (...args: unknown[]) => unknown;

/** `parts` are the parts of AVA: every method of theirs that is asynchronous is a boundary. */
export function createThrower(parts: Record<string, unknown>): Thrower {
  let armed: { id: string; at: number | undefined } | undefined;
  let passed: string[] = [];
  const undo: (() => void)[] = [];
  const isHere = (name: string): boolean => {
    if (armed === undefined || currentContext()?.correlationId !== armed.id) return false;
    passed.push(name);
    return passed.length - 1 === armed.at;
  };

  for (const [name, part] of Object.entries(parts)) {
    if (part === null || typeof part !== 'object') continue;
    for (const [key, method] of Object.entries(part)) {
      if (!isAsync(method)) continue;
      const holder = part as Record<string, unknown>;
      holder[key] = function (this: unknown, ...args: unknown[]) {
        if (isHere(`${name}.${key}`)) return Promise.reject(new Planted(`planted at ${name}.${key}`));
        return method.apply(this, args);
      };
      undo.push(() => void (holder[key] = method));
    }
  }
  const prototype = Client.prototype as unknown as { query: Method };
  const { query } = prototype;
  prototype.query = function (this: Client, ...args: unknown[]) {
    const text = textOf(args[0]);
    // With a callback the pool itself asks.
    if (args.some((one) => typeof one === 'function') || !isHere(`sql ${text}`)) return query.apply(this, args);
    // Where these fail, the connection is gone as well.
    const isLost = /^(begin|start transaction|commit|rollback)/i.test(text);
    return (isLost ? cut(this) : Promise.resolve()).then(() => Promise.reject(new Planted(`planted at ${text}`)));
  };
  undo.push(() => void (prototype.query = query));

  return {
    arm(id, at) {
      armed = { id, at };
      passed = [];
    },
    passed: () => passed,
    remove() {
      for (const one of undo) one();
    },
  };
}

function isAsync(method: unknown): method is Method {
  return typeof method === 'function' && method.constructor.name === 'AsyncFunction';
}

function textOf(given: unknown): string {
  const text = typeof given === 'string' ? given : ((given as { text?: string } | undefined)?.text ?? '');
  return text.trim().slice(0, 60);
}

/** Resolves once the driver knows it, as it does before it fails a statement for that reason. */
async function cut(client: Client): Promise<void> {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  const closed = new Promise((resolve) => void stream.once('close', resolve));
  stream.destroy();
  await closed;
  await new Promise((resolve) => setImmediate(resolve));
}
