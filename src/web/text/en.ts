/** Every word of the dashboard in English; `Text` is what another language has to hold. */
import { callRules } from './en/call-rules.ts';
import { calls, now, outcomes } from './en/calls.ts';
import { conflicts } from './en/conflicts.ts';
import { messages } from './en/messages.ts';
import { assistants, numbers } from './en/numbers.ts';
import { integrations, members, operations } from './en/operations.ts';
import { problems } from './en/problems.ts';
import { server } from './en/server.ts';
import { account, credentials, settings } from './en/settings.ts';
import { shell, signIn } from './en/shell.ts';
import { words } from './en/words.ts';

export const en = {
  words,
  problems,
  shell,
  signIn,
  now,
  calls,
  callRules,
  messages,
  outcomes,
  conflicts,
  numbers,
  assistants,
  settings,
  credentials,
  account,
  integrations,
  members,
  operations,
  server,
};

export type Text = typeof en;
