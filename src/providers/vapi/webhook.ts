/**
 * Vapi's messages to a server: which fields AVA keeps, what makes two deliveries the same message, and the three
 * shapes that tool calls come in. Bodies may carry Twilio tokens, prompts and presigned URLs: only what is named here
 * goes further (https://docs.vapi.ai/server-url/events).
 */
import { hash } from 'node:crypto';
import { storable } from '../../storable.ts';

export type VapiMessage = {
  type: string;
  /** The type with the state that it tells, such as `status-update:ended`. */
  name: string;
  at: Date;
  vapiCallId: string | null;
  twilioCallSid: string | null;
  assistantId: string | null;
  phoneNumberId: string | null;
  dedupeKey: string;
  /** Only counted: there are many of them in a second of talk. */
  isChatter: boolean;
  /** The fields that AVA keeps. */
  kept: KeptMessage;
};

export type KeptMessage = {
  status?: string;
  endedReason?: string;
  startedAt?: string;
  endedAt?: string;
  createdAt?: string;
  callType?: string;
  assistantId?: string;
  phoneNumberId?: string;
  customerNumber?: string;
  customerName?: string;
  calledNumber?: string;
  destination?: string;
  cost?: number;
  durationSeconds?: number;
  transcript?: string;
  messages?: { role: string; text: string; secondsFromStart: number | null }[];
  summary?: string;
  success?: string;
  structuredData?: unknown;
  hasRecording?: boolean;
  role?: string;
  tools?: string[];
};

export type ToolCall = { id: string; name: string; arguments: Record<string, unknown> };

const CHATTER = new Set([
  'conversation-update',
  'speech-update',
  'model-output',
  'voice-input',
  'user-interrupted',
  'assistant.speechStarted',
]);

const MAX_TEXT = 500_000;
const MAX_MESSAGES = 2_000;

/** What a body says; undefined when it is no message of Vapi. `receivedAt` stands in where the message has no time. */
export function readVapiMessage(body: unknown, receivedAt: Date): VapiMessage | undefined {
  const message = objectOf(objectOf(body)?.message);
  const type = textOf(message?.type, 100);
  if (message === undefined || type === undefined) return undefined;
  const call = objectOf(message.call) ?? {};
  const kept = keptOf(message, call);
  const name = nameOf(type, kept);
  const timestamp = typeof message.timestamp === 'number' && message.timestamp > 0 ? message.timestamp : undefined;
  return {
    type: plainType(type),
    name,
    at: timestamp === undefined || timestamp > 8e15 ? receivedAt : new Date(timestamp),
    vapiCallId: textOf(call.id, 64) ?? null,
    twilioCallSid: twilioCallSidOf(call),
    assistantId: textOf(call.assistantId, 64) ?? textOf(objectOf(message.assistant)?.id, 64) ?? null,
    phoneNumberId: textOf(call.phoneNumberId, 64) ?? textOf(objectOf(message.phoneNumber)?.id, 64) ?? null,
    dedupeKey: dedupeKeyOf({ type, name, timestamp, kept, message, callId: textOf(call.id, 64) }),
    isChatter: CHATTER.has(plainType(type)) || (plainType(type) === 'transcript' && message.transcriptType !== 'final'),
    kept,
  };
}

/** The tool calls of a `tool-calls` message, in whichever of the documented shapes they came. */
export function toolCallsOf(body: unknown): ToolCall[] {
  const message = objectOf(objectOf(body)?.message) ?? {};
  const direct = listOf(message.toolCallList).map(toolCallOf);
  const nested = listOf(message.toolWithToolCallList).map((item) => toolCallOf(nestedCall(item)));
  const calls = new Map<string, ToolCall>();
  for (const call of [...direct, ...nested]) if (call !== undefined && !calls.has(call.id)) calls.set(call.id, call);
  return [...calls.values()];
}

function nestedCall(item: unknown): unknown {
  const holder = objectOf(item);
  const call = objectOf(holder?.toolCall);
  return call === undefined ? undefined : { name: objectOf(holder?.function)?.name ?? holder?.name, ...call };
}

function toolCallOf(item: unknown): ToolCall | undefined {
  const call = objectOf(item);
  const inner = objectOf(call?.function);
  const id = textOf(call?.id, 200);
  const name = textOf(inner?.name, 100) ?? textOf(call?.name, 100);
  if (id === undefined || name === undefined) return undefined;
  return {
    id,
    name,
    arguments: argumentsOf(inner?.arguments ?? inner?.parameters ?? call?.arguments ?? call?.parameters),
  };
}

function argumentsOf(given: unknown): Record<string, unknown> {
  if (typeof given !== 'string') return objectOf(given) ?? {};
  try {
    return objectOf(JSON.parse(given)) ?? {};
  } catch {
    return {};
  }
}

function keptOf(message: Fields, call: Fields): KeptMessage {
  const customer = objectOf(message.customer) ?? objectOf(call.customer) ?? {};
  const destination = objectOf(message.destination);
  const tools = toolCallsOf({ message }).map((tool) => tool.name);
  const kept: Record<string, unknown> = {
    status: textOf(message.status, 40),
    endedReason: textOf(message.endedReason, 200) ?? textOf(call.endedReason, 200),
    startedAt: timeOf(message.startedAt) ?? timeOf(call.startedAt),
    endedAt: timeOf(message.endedAt) ?? timeOf(call.endedAt),
    createdAt: timeOf(call.createdAt),
    callType: textOf(call.type, 40),
    assistantId: textOf(call.assistantId, 64),
    phoneNumberId: textOf(call.phoneNumberId, 64),
    customerNumber: textOf(customer.number, 64),
    customerName: textOf(customer.name, 100),
    calledNumber: textOf(objectOf(message.phoneNumber)?.number, 64),
    destination: textOf(destination?.number, 64) ?? textOf(destination?.sipUri, 200),
    role: textOf(message.role, 20),
    tools: tools.length > 0 ? tools : undefined,
    ...(plainType(String(message.type)) === 'end-of-call-report' ? reportOf(message) : {}),
    ...(plainType(String(message.type)) === 'transcript' ? { transcript: textOf(message.transcript, 5_000) } : {}),
  };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)) as KeptMessage;
}

function reportOf(message: Fields): KeptMessage {
  return reportFields({
    artifact: objectOf(message.artifact) ?? {},
    analysis: objectOf(message.analysis) ?? {},
    cost: message.cost,
    durationSeconds: message.durationSeconds,
    transcript: message.transcript,
    summary: message.summary,
  });
}

type ReportSource = { artifact: Fields; analysis: Fields } & Fields;

/** What an ended call says of itself, in a report or in Vapi's call list: the same fields under the same names. */
export function reportFields(source: ReportSource): KeptMessage {
  const { artifact, analysis } = source;
  const success = analysis.successEvaluation;
  const fields: Record<string, unknown> = {
    cost: numberOf(source.cost),
    durationSeconds: numberOf(source.durationSeconds),
    transcript: textOf(artifact.transcript, MAX_TEXT) ?? textOf(source.transcript, MAX_TEXT),
    messages: listOf(artifact.messages)
      .slice(0, MAX_MESSAGES)
      .map(spoken)
      .filter((line) => line !== undefined),
    summary: textOf(analysis.summary, 5_000) ?? textOf(source.summary, 5_000),
    success:
      textOf(success, 500) ??
      (typeof success === 'boolean' || typeof success === 'number' ? String(success) : undefined),
    structuredData: smallJson(analysis.structuredData),
    hasRecording:
      artifact.recording !== undefined ||
      artifact.recordingUrl !== undefined ||
      artifact.stereoRecordingUrl !== undefined,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as KeptMessage;
}

const SPEAKERS: Record<string, string> = { bot: 'assistant', assistant: 'assistant', user: 'user' };

function spoken(item: unknown): { role: string; text: string; secondsFromStart: number | null } | undefined {
  const line = objectOf(item);
  const role = SPEAKERS[String(line?.role)];
  const text = textOf(line?.message, 10_000);
  if (line === undefined || role === undefined || text === undefined) return undefined;
  return { role, text, secondsFromStart: numberOf(line.secondsFromStart) ?? null };
}

function nameOf(type: string, kept: KeptMessage): string {
  const plain = plainType(type);
  const detail = plain === 'status-update' ? kept.status : plain === 'transcript' ? kept.role : undefined;
  return detail === undefined ? plain : `${plain}:${detail}`;
}

// The type of a transcript may literally be `transcript[transcriptType="final"]`.
function plainType(type: string): string {
  return type.startsWith('transcript[') ? 'transcript' : type;
}

type DedupeInput = {
  type: string;
  name: string;
  timestamp: number | undefined;
  kept: KeptMessage;
  message: Fields;
  callId: string | undefined;
};

// A repeat may differ in presigned URLs, so the body as a whole says nothing; what the message is about does.
function dedupeKeyOf({ name, timestamp, kept, message, callId }: DedupeInput): string {
  const about = timestamp === undefined ? { kept } : { timestamp };
  const tools = toolCallsOf({ message }).map((tool) => tool.id);
  const text = JSON.stringify([callId ?? null, name, message.transcriptType ?? null, tools, about]);
  return `vapi:${hash('sha256', text, 'base64url')}`;
}

function twilioCallSidOf(call: Fields): string | null {
  const transport = objectOf(call.transport);
  for (const candidate of [transport?.callSid, call.phoneCallProviderId]) {
    if (typeof candidate === 'string' && /^CA[0-9a-fA-F]{32}$/.test(candidate)) return candidate;
  }
  return null;
}

type Fields = Record<string, unknown>;

function objectOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown, most: number): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return storable(value.slice(0, most));
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function timeOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

function smallJson(value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  return JSON.stringify(value).length <= 20_000 ? storable(value) : undefined;
}
