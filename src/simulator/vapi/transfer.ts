import type { Holding } from './holding.ts';
import { messageOf, serverOf } from './messages.ts';
import { isObject } from './rules.ts';

/** The caller wants a person: the server says which number to hand the call on to. */
export async function askForTransfer(holding: Holding): Promise<void> {
  const { parts, org, call, number, assistant, ear } = holding;
  const server = serverOf(org, { assistant, number });
  const message = messageOf(parts.world, { type: 'transfer-destination-request', call, number, assistant });
  const reply = await ear.hearWhile('ai', 'I will put you through.', parts.webhooks.ask({ org, server, message }));
  const destination = isObject(reply?.destination) ? reply.destination : {};
  if (holding.canTransfer && typeof destination.number === 'string') holding.transferTo = destination.number;
}
