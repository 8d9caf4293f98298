/** An assistant as it crosses the wire. */
import { etagOf } from '../../http/etag.ts';
import type { Assistant } from './contract.ts';
import type { KnownAssistant } from './known.ts';
import { promptOf } from './tracked.ts';

export function assistantWire(known: KnownAssistant, isStub: boolean): Assistant {
  const { snapshot } = known;
  const state = {
    assistant_id: known.assistantId,
    name: known.name,
    default: known.isDefault,
    first_message: snapshot.firstMessage ?? null,
    first_message_mode: snapshot.firstMessageMode ?? 'assistant-speaks-first',
    prompt: promptOf(snapshot),
    model: part(snapshot.model, (model) => ({ provider: text(model['provider']), model: textOrNull(model['model']) })),
    voice: part(snapshot.voice, (voice) => ({
      provider: text(voice['provider']),
      voice_id: textOrNull(voice['voiceId']),
    })),
    transcriber: part(snapshot.transcriber, (transcriber) => ({
      provider: text(transcriber['provider']),
      model: textOrNull(transcriber['model']),
      language: textOrNull(transcriber['language']),
    })),
    deleted_at: known.deletedAt?.toISOString() ?? null,
  };
  return {
    ...state,
    connected: known.connected,
    created_at: new Date(snapshot.createdAt).toISOString(),
    updated_at: new Date(snapshot.updatedAt).toISOString(),
    etag: etagOf(state),
    ...(isStub && { stub: true as const }),
  };
}

function part<T>(value: Record<string, unknown> | null | undefined, read: (value: Record<string, unknown>) => T) {
  return value === null || value === undefined ? null : read(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : 'unknown';
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
