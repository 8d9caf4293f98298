/** Every word of the dashboard in French. */
import type { Text } from './en.ts';
import { callRules } from './fr/call-rules.ts';
import { calls, now, outcomes } from './fr/calls.ts';
import { conflicts } from './fr/conflicts.ts';
import { messages } from './fr/messages.ts';
import { assistants, numbers } from './fr/numbers.ts';
import { integrations, members, operations } from './fr/operations.ts';
import { problems } from './fr/problems.ts';
import { server } from './fr/server.ts';
import { account, credentials, settings } from './fr/settings.ts';
import { shell, signIn } from './fr/shell.ts';
import { words } from './fr/words.ts';

export const fr: Text = {
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
