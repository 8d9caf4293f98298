/** Every word of the dashboard in English; `Text` is what another language has to hold. */
import { problems } from './en/problems.ts';
import { account, credentials, settings } from './en/settings.ts';
import { members, shell, signIn } from './en/shell.ts';
import { words } from './en/words.ts';

export const en = { words, problems, shell, signIn, settings, credentials, account, members };

export type Text = typeof en;
