/**
 * Recordings of calls, fetched through AVA: their addresses at the vendors are keys by themselves, or need ours, and are
 * never shown to anybody.
 */
import type { GuardedHttp } from './http.ts';
import type { ClientCache, TwilioCredential } from './twilio/clients.ts';
import type { Vapi, VapiCredential } from './vapi/vapi.ts';

export type Recording = { type: string; bytes: Buffer };

const MOST_BYTES = 64 * 1024 * 1024;
const DEADLINE_MS = 30_000;
const COMMON = {
  method: 'GET',
  repeatable: true,
  deadlineMs: DEADLINE_MS,
  attemptTimeoutMs: DEADLINE_MS,
  lane: 'api',
  maxResponseBytes: MOST_BYTES,
  answer: 'bytes',
} as const;

export type RecordingsDeps = {
  http: GuardedHttp;
  vapi: Pick<Vapi, 'recordingLocation'>;
  vapiBaseUrl: string;
  twilioClients: ClientCache;
};

export function createRecordings({ http, vapi, vapiBaseUrl, twilioClients }: RecordingsDeps) {
  return {
    /** Undefined when Vapi has none. Rejects with an `UpstreamError`. */
    async ofVapi(credential: VapiCredential, vapiCallId: string): Promise<Recording | undefined> {
      const location = await vapi.recordingLocation(credential, vapiCallId, 'mono-recording');
      if (location === undefined) return undefined;
      const isVapis = new URL(location).origin === new URL(vapiBaseUrl).origin;
      const answer = await http.request<Buffer>({
        ...COMMON,
        upstream: 'vapi',
        operation: 'recording.fetch',
        credential: { key: credential.key, tenant: credential.tenant },
        url: location,
        // Wherever the address leads, it must not lead inside.
        addressFrom: isVapis ? 'operator' : 'tenant',
      });
      return { type: answer.headers['content-type'] ?? 'audio/wav', bytes: answer.body };
    },

    /** A voicemail. Rejects with an `UpstreamError`. */
    async ofTwilio(credential: TwilioCredential, recordingSid: string): Promise<Recording | undefined> {
      if (!/^RE[0-9a-fA-F]{32}$/.test(recordingSid)) return undefined;
      const client = twilioClients.clientFor(credential);
      const answer = await http.request<Buffer>({
        ...COMMON,
        upstream: 'twilio',
        operation: 'recording.fetch',
        credential: { key: credential.key, tenant: credential.tenant },
        url: `${client.accountUrl}/Recordings/${recordingSid}.wav`,
        headers: { authorization: client.authorization },
      });
      return { type: answer.headers['content-type'] ?? 'audio/wav', bytes: answer.body };
    },
  };
}
