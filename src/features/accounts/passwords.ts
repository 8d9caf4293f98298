/**
 * Passwords as argon2id with the parameters of OWASP's password storage cheat sheet. Each hash takes 19 MiB and tens
 * of milliseconds of a core, so few run at once and a short queue waits; more than that is refused at once.
 */
import { argon2, type Argon2Parameters, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { fail } from '../../errors.ts';

export type Passwords = {
  /** The hash in PHC form. */
  hash(password: string): Promise<string>;
  /** Whether the password fits; without a stored hash it takes the same time and does not. Throws `overloaded`. */
  verify(password: string, stored: string | undefined): Promise<boolean>;
  /** Whether `stored` was made with other parameters than today's. */
  isOutdated(stored: string): boolean;
};

const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const TAG_BYTES = 32;
const RUNNING_AT_ONCE = 2;
const WAITING_AT_MOST = 32;

export function createPasswords(): Passwords {
  const run = createQueue();
  // For people who do not exist: nothing was ever hashed into it.
  const nobody = phc(COST, randomBytes(16), randomBytes(TAG_BYTES));
  return {
    async hash(password) {
      const salt = randomBytes(16);
      return phc(COST, salt, await run(() => compute(password, salt, COST)));
    },
    async verify(password, stored) {
      const { cost, salt, tag } = parse(stored ?? nobody);
      const isEqual = timingSafeEqual(tag, await run(() => compute(password, salt, cost)));
      return isEqual && stored !== undefined;
    },
    isOutdated: (stored) => !stored.startsWith(prefix(COST)),
  };
}

type Cost = { memory: number; passes: number; parallelism: number };

const argon2Later = promisify<'argon2id', Argon2Parameters, Buffer>(argon2);

// Unicode has several spellings of one character; people type what their keyboard gives.
function compute(password: string, nonce: Buffer, cost: Cost): Promise<Buffer> {
  return argon2Later('argon2id', { message: password.normalize('NFC'), nonce, tagLength: TAG_BYTES, ...cost });
}

function prefix({ memory, passes, parallelism }: Cost): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$`;
}

function phc(cost: Cost, salt: Buffer, tag: Buffer): string {
  return `${prefix(cost)}${unpadded(salt)}$${unpadded(tag)}`;
}

function parse(stored: string): { cost: Cost; salt: Buffer; tag: Buffer } {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(stored);
  if (!parts) throw new Error('A stored password hash is not in the form that AVA writes');
  const [memory, passes, parallelism] = parts.slice(1, 4).map(Number) as [number, number, number];
  return {
    cost: { memory, passes, parallelism },
    salt: Buffer.from(parts[4]!, 'base64'),
    tag: Buffer.from(parts[5]!, 'base64'),
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/(?<!=)=+$/, '');
}

function createQueue() {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= RUNNING_AT_ONCE) {
      if (waiting.length >= WAITING_AT_MOST) {
        throw fail('overloaded', 'Too many people are signing in at this moment.', { retryAfterSeconds: 2 });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
