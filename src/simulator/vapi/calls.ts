import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refusal } from './errors.ts';
import { placeCall } from './place-call.ts';
import { bodyOf, listOf, storedOf } from './requests.ts';
import { callFields } from './shapes.ts';
import { text } from './rules.ts';
import type { Org, Stored } from './store.ts';
import { orgOf, type VapiTwin } from './twin.ts';

const ARTIFACTS = [
  'mono-recording stereo-recording video-recording customer-recording assistant-recording',
  'pcap call-logs',
].flatMap((line) => line.split(' '));

export function callRoutes(app: FastifyInstance, twin: VapiTwin): void {
  app.post('/call', (request, reply) => {
    const org = orgOf(twin, request);
    return reply.code(201).send(placeCall(twin, org, bodyOf(request, callFields)));
  });

  app.get('/call', (request) => listOf(request, orgOf(twin, request).calls, ['id', 'assistantId', 'phoneNumberId']));

  app.get('/call/:id', (request) => storedOf(request, orgOf(twin, request).calls, 'Call'));

  app.patch('/call/:id', (request) => {
    const { calls } = orgOf(twin, request);
    const { id } = storedOf(request, calls, 'Call');
    return calls.patch(id, bodyOf(request, { name: text({ max: 40 }) }));
  });

  app.delete('/call/:id', (request) => {
    const { calls } = orgOf(twin, request);
    const call = storedOf(request, calls, 'Call');
    if (call.status === 'in-progress') throw refusal(400, 'A call in progress cannot be deleted');
    return calls.remove(call.id);
  });

  for (const artifact of ARTIFACTS) {
    app.get(`/call/:id/${artifact}`, (request, reply) => redirectToArtifact(twin, { request, reply, artifact }));
  }
  app.get('/storage/:id/:artifact', (request, reply) => sendArtifact(twin, request, reply));
}

type ArtifactRequest = { request: FastifyRequest; reply: FastifyReply; artifact: string };

/** The address that comes back is good for a few minutes only. */
function redirectToArtifact(twin: VapiTwin, { request, reply, artifact }: ArtifactRequest) {
  const call = storedOf(request, orgOf(twin, request).calls, 'Call');
  if (!hasArtifact(call, artifact)) throw refusal(404, `No ${artifact} for call ${call.id}`);
  const expires = twin.world.time.story.now().getTime() + 5 * 60_000;
  return reply.redirect(`${twin.url}/storage/${call.id}/${artifact}?expires=${expires}`, 302);
}

function hasArtifact(call: Stored, artifact: string): boolean {
  return call.status === 'ended' && call.artifact !== undefined && artifact !== 'video-recording';
}

function sendArtifact(twin: VapiTwin, request: FastifyRequest, reply: FastifyReply) {
  const { id, artifact } = request.params as { id: string; artifact: string };
  const { expires } = request.query as { expires?: string };
  if (!findCall(twin.orgs, id)) throw refusal(404, 'Not Found');
  if (!expires || Number(expires) < twin.world.time.story.now().getTime()) throw refusal(403, 'Request has expired');
  if (artifact === 'pcap') return reply.type('application/vnd.tcpdump.pcap').send(Buffer.alloc(24));
  if (artifact === 'call-logs') return reply.type('application/gzip').send(Buffer.alloc(20));
  return reply.type('audio/wav').send(silentWav(1));
}

function findCall(orgs: Org[], id: string): Stored | undefined {
  return orgs.map((org) => org.calls.find(id)).find((call) => call !== undefined);
}

/** A playable file without a sound: 8 kHz, 16 bit, mono. */
function silentWav(seconds: number): Buffer {
  const dataBytes = seconds * 16_000;
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + dataBytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8_000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(dataBytes, 40);
  return Buffer.concat([header, Buffer.alloc(dataBytes)]);
}
