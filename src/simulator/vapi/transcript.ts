import type { Clock } from '../../clock.ts';
import type { Stored } from './store.ts';

/** The words of one conversation, as Vapi keeps them. */
export type Transcript = {
  add(role: 'user' | 'bot', text: string, ms: number): void;
  addToolCall(call: { id: string; name: string; arguments: string }, result: string): void;
  messages: Record<string, unknown>[];
  openAi(): { role: string; content: string }[];
  text(): string;
  /** Since the first word, in story time. */
  seconds(): number;
};

export function createTranscript(story: Clock): Transcript {
  const startedMs = story.now().getTime();
  const startMs = story.monotonicMs();
  const messages: Record<string, unknown>[] = [];
  const stamp = () => {
    const elapsedMs = Math.round(story.monotonicMs() - startMs);
    return { time: startedMs + elapsedMs, secondsFromStart: elapsedMs / 1000 };
  };
  return {
    messages,
    seconds: () => (story.monotonicMs() - startMs) / 1000,
    add(role, message, ms) {
      const { time, secondsFromStart } = stamp();
      messages.push({ role, message, time, endTime: time + ms, secondsFromStart, duration: ms });
    },
    addToolCall({ id, name, arguments: given }, result) {
      const call = { id, type: 'function', function: { name, arguments: given } };
      messages.push({ role: 'tool_calls', toolCalls: [call], message: '', ...stamp() });
      messages.push({ role: 'tool_call_result', toolCallId: id, name, result, ...stamp() });
    },
    openAi: () =>
      messages
        .filter(({ role }) => role === 'user' || role === 'bot')
        .map(({ role, message }) => ({ role: role === 'bot' ? 'assistant' : 'user', content: String(message) })),
    text: () =>
      messages
        .filter(({ role }) => role === 'user' || role === 'bot')
        .map(({ role, message }) => `${role === 'bot' ? 'AI' : 'User'}: ${String(message)}\n`)
        .join(''),
  };
}

type Report = { call: Stored; transcript: Transcript; url: string; keepsTranscript: boolean; keepsRecording: boolean };

/** What a finished call leaves behind. */
export function artifactOf({
  call,
  transcript,
  url,
  keepsTranscript,
  keepsRecording,
}: Report): Record<string, unknown> {
  const recording = `${url}/storage/${call.id}`;
  return {
    messages: transcript.messages,
    messagesOpenAIFormatted: transcript.openAi(),
    ...(keepsTranscript && { transcript: transcript.text() }),
    ...(keepsRecording && {
      recording: {
        stereoUrl: `${recording}/stereo-recording`,
        mono: { combinedUrl: `${recording}/mono-recording` },
      },
    }),
  };
}

/** Prices of the world that the twin lives in, in US dollars. */
export function costOf(seconds: number, words: number) {
  const minutes = seconds / 60;
  const parts = {
    transport: round(minutes * 0.0085),
    stt: round(minutes * 0.01),
    llm: round(words * 0.00012),
    tts: round(words * 0.0003),
    vapi: round(minutes * 0.05),
  };
  const total = round(Object.values(parts).reduce((sum, part) => sum + part, 0));
  return { ...parts, total, llmPromptTokens: words * 12, llmCompletionTokens: words * 2, ttsCharacters: words * 6 };
}

function round(dollars: number): number {
  return Math.round(dollars * 10_000) / 10_000;
}
