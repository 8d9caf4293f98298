import type { FastifyRequest } from 'fastify';
import { TwilioRefusal } from './errors.ts';

/** One page in Twilio's envelope. `next_page_uri` is the only way on: a page number without its token is refused. */
export function pageOf(request: FastifyRequest, key: string, found: { sid?: unknown }[]): unknown {
  const query = request.query as Record<string, string>;
  const pageSize = Math.min(1000, Math.max(1, Number(query.PageSize ?? 50) || 50));
  const page = Number(query.Page ?? 0);
  const token = query.PageToken;
  if (page > 0 && !token) throw new TwilioRefusal(400, 20001, 'PageToken is required to fetch a further page');
  const after = token ? found.findIndex((item) => `PA${String(item.sid)}` === token) : -1;
  if (token && after < 0) throw new TwilioRefusal(400, 20001, 'Invalid PageToken');
  const items = found.slice(after + 1, after + 1 + pageSize);
  const last = items.at(-1);
  const hasMore = after + 1 + items.length < found.length;
  const link = (number: number, pageToken?: string) => linkTo(request, { pageSize, number, pageToken });
  return {
    [key]: items,
    page,
    page_size: pageSize,
    start: page * pageSize,
    end: Math.max(0, page * pageSize + items.length - 1),
    uri: link(page, token),
    first_page_uri: link(0),
    next_page_uri: hasMore && last ? link(page + 1, `PA${String(last.sid)}`) : null,
    previous_page_uri: page > 0 ? link(0) : null,
  };
}

type Link = { pageSize: number; number: number; pageToken: string | undefined };

function linkTo(request: FastifyRequest, { pageSize, number, pageToken }: Link): string {
  const query = new URLSearchParams(request.query as Record<string, string>);
  query.set('PageSize', String(pageSize));
  query.set('Page', String(number));
  query.delete('PageToken');
  if (pageToken) query.set('PageToken', pageToken);
  return `${request.url.split('?')[0]}?${query.toString()}`;
}
