/** A request that AVA grants. */
import type { Telephone } from '../harness/telephone.ts';
import type { Dress } from './inputs.ts';

export type Good = {
  path: string;
  body?: object;
  token?: string;
  headers?: Record<string, string>;
  /** Makes a request of the path and a body, as vendors sign it; JSON when missing. */
  dress?: Dress;
  /** Takes back what would be in the way of others. */
  undo?: () => Promise<unknown>;
};

export type GoodRequests = Record<string, () => Good | Promise<Good>>;

export const API = '/api/v1';

export const post = (telephone: Telephone, path: string, body?: object, method = 'POST') =>
  telephone.json(path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
