/** What a caller does. Everything has a usual course when it is missing. */
export type CallScript = {
  /** The caller's sentences, one after each answer of the assistant. */
  says?: string[];
  /** Functions that the assistant calls, one after each sentence of the caller. */
  toolCalls?: { name: string; arguments: Record<string, unknown> }[];
  /** Hangs up after so many seconds on the line, whatever is heard. */
  hangsUpAfterSeconds?: number;
  /** Left when a recording starts; null: hangs up instead. */
  voicemail?: string | null;
  /** Keys pressed when a voice asks for them. */
  presses?: string;
  /** Who ends the talk with the assistant. */
  endedBy?: 'customer' | 'assistant';
  /** Asks for a person at the end of the talk. */
  wantsPerson?: boolean;
  /** The AI's sound dies after so many seconds of talk. */
  aiDiesAfterSeconds?: number;
};

export type CallOrder = { to: string; from?: string; script?: CallScript };
export type TextOrder = { to: string; from?: string; body: string };

export type HeardKind = 'say' | 'play' | 'ai' | 'ring' | 'silence' | 'error' | 'voicemail' | 'person';
/** What reached the caller's ear; `atMs` counts from the first ring. */
export type Heard = { atMs: number; kind: HeardKind; text: string; ms: number };

/** `abandoned`: the caller lost patience before anything was heard. */
export type Outcome = 'ai' | 'person' | 'voicemail' | 'sentence' | 'abandoned' | 'error';

export type CallResult = {
  callSid: string;
  from: string;
  to: string;
  /** The last thing that helped the caller; `error` when a vendor's error was heard, or nothing at all. */
  outcome: Outcome;
  heardError: boolean;
  longestSilenceMs: number;
  durationMs: number;
  transcriptOfWhatTheCallerHeard: Heard[];
  /** Vapi's conversations within this call. */
  vapiCallIds: string[];
  /** Twilio's errors and warnings. */
  problems: { code: number; message: string; url: string }[];
};
