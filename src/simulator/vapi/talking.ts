import { speechMs } from '../telephony/ear.ts';
import { type Holding, tell } from './holding.ts';
import { useTool } from './tool-call.ts';
import { askForTransfer } from './transfer.ts';

/** The words themselves: greeting, turn by turn, tools and transfer in between, goodbye. Ends early when it is over. */
export async function speakAll(holding: Holding): Promise<void> {
  const { assistant, script, over, talk } = holding;
  const greets = assistant.firstMessageMode !== 'assistant-waits-for-user';
  if (greets && typeof assistant.firstMessage === 'string') await botSays(holding, assistant.firstMessage);
  for (const [index, turn] of talk.turns.entries()) {
    if (over.aborted) return;
    await userSays(holding, turn.user);
    const tool = script.toolCalls?.[index];
    const result = tool && !over.aborted ? await useTool(holding, tool) : undefined;
    if (!over.aborted) await botSays(holding, result === undefined ? turn.bot : `${turn.bot} ${result}`);
  }
  if (script.wantsPerson && !over.aborted) await askForTransfer(holding);
  if (script.endedBy !== 'assistant' || over.aborted) return;
  if (typeof assistant.endCallMessage === 'string') await botSays(holding, assistant.endCallMessage);
}

async function botSays(holding: Holding, text: string): Promise<void> {
  const { parts, transcript, ear, over } = holding;
  const ms = speechMs(text);
  tell(parts, holding, 'speech-update', { status: 'started', role: 'assistant' });
  transcript.add('bot', text, ms);
  await ear.hear('ai', text, ms, over);
  reportTurn(holding, 'assistant', text);
}

async function userSays(holding: Holding, text: string): Promise<void> {
  const { parts, transcript, ear, over } = holding;
  const ms = speechMs(text);
  tell(parts, holding, 'speech-update', { status: 'started', role: 'user' });
  transcript.add('user', text, ms);
  await ear.speak(ms, over);
  reportTurn(holding, 'user', text);
}

function reportTurn(holding: Holding, role: 'assistant' | 'user', text: string): void {
  const { parts, transcript } = holding;
  tell(parts, holding, 'speech-update', { status: 'stopped', role });
  tell(parts, holding, 'transcript', { role, transcriptType: 'final', transcript: text });
  const messages = [...transcript.messages];
  tell(parts, holding, 'conversation-update', { messages, messagesOpenAIFormatted: transcript.openAi() });
}
