/** The fake vendor that every proxy under measurement asks: one assistant, as Vapi answers it. */
import { createServer } from 'node:http';
import { sayAddress } from './say-address.ts';

const assistant = {
  id: '11111111-1111-4111-8111-111111111111',
  orgId: '22222222-2222-4222-8222-222222222222',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  name: 'bench',
  firstMessage: 'x'.repeat(Number(process.env['BODY_BYTES'] ?? 300)),
};
const body = JSON.stringify(assistant);
const chat = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: assistant.firstMessage }, finish_reason: 'stop' }],
});

let requests = 0;
process.on('message', () => process.send?.({ requests }));
const server = createServer((request, response) => {
  requests += 1;
  request.resume();
  const text = request.url?.includes('/chat/completions') ? chat : body;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => sayAddress(server));
