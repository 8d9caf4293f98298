/** What becomes of a call when facts about it are applied. */
import type { Selectable } from 'kysely';
import type { CallsTable } from '../../db/schema-calls.ts';
import type { CallState } from './fold.ts';

export type CallRow = Selectable<CallsTable>;

export type Applied = { callId: string; before: CallRow | undefined; after: CallState };

export type Link = { vendor: 'ava' | 'vapi' | 'twilio'; vendorId: string; callId: string };
