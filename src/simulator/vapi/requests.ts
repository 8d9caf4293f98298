import type { FastifyRequest } from 'fastify';
import { isUuid } from '../../uuid.ts';
import { notFound, refusal } from './errors.ts';
import { type Fields, problemsOf } from './rules.ts';
import type { Collection, Stored } from './store.ts';

/** The body, checked against the whitelist. Throws Vapi's 400, whose message is a list. */
export function bodyOf(request: FastifyRequest, fields: Fields, required: string[] = []): Record<string, unknown> {
  const problems = problemsOf(request.body, fields, required);
  if (problems.length > 0) throw refusal(400, problems);
  return request.body as Record<string, unknown>;
}

/** The object that the path names. Throws Vapi's 400 for an id that is no UUID, its 404 for an unknown one. */
export function storedOf(request: FastifyRequest, collection: Collection, what: string): Stored {
  const { id } = request.params as { id: string };
  if (!isUuid(id)) throw refusal(400, 'id must be a UUID');
  const stored = collection.find(id);
  if (!stored) throw notFound(what, id);
  return stored;
}

const DEFAULT_LIMIT = 100;
const TIME_FILTERS = {
  Gt: (time: string, limit: string) => time > limit,
  Lt: (time: string, limit: string) => time < limit,
  Ge: (time: string, limit: string) => time >= limit,
  Le: (time: string, limit: string) => time <= limit,
};

/** A bare array, newest first, with the time filters that all lists share. Throws Vapi's 400. */
export function listOf(request: FastifyRequest, collection: Collection, exact: string[] = []): Stored[] {
  const query = request.query as Record<string, string>;
  const limit = limitOf(query.limit);
  return collection
    .all()
    .filter((item) => exact.every((name) => query[name] === undefined || item[name] === query[name]))
    .filter((item) => isInTime(item, query))
    .slice(0, limit);
}

function isInTime(item: Stored, query: Record<string, string>): boolean {
  for (const field of ['createdAt', 'updatedAt'] as const) {
    for (const [suffix, holds] of Object.entries(TIME_FILTERS)) {
      const given = query[field + suffix];
      if (given === undefined) continue;
      const limit = new Date(given);
      if (Number.isNaN(limit.getTime())) throw refusal(400, [`${field}${suffix} must be a valid ISO 8601 date string`]);
      if (!holds(item[field], limit.toISOString())) return false;
    }
  }
  return true;
}

function limitOf(given: string | undefined): number {
  if (given === undefined) return DEFAULT_LIMIT;
  const limit = Number(given);
  if (!Number.isFinite(limit)) throw refusal(400, ['limit must be a number conforming to the specified constraints']);
  if (limit > 1000) throw refusal(400, ['limit must not be greater than 1000']);
  if (limit < 0) throw refusal(400, ['limit must not be less than 0']);
  return limit;
}
