/**
 * A form that saves against what it began from. When somebody else was faster, what both did is put together; only what
 * both changed is asked about, and nothing that was typed is lost.
 */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '../../client-transport.ts';
import { useDraft } from './draft.ts';
import type { Choice } from './FieldConflicts.tsx';
import { type Merge, mergeFields } from './merge.ts';

type Fields = Record<string, unknown>;
/** What the server has, and the tag that a save is checked against. */
export type Stand<T> = { fields: T; etag: string; by: string | null };
/** What a person makes of it. */
export type Edit<T> = { base: T; etag: string; fields: T };
export type Conflict<T> = { fresh: Stand<T>; mine: T; fields: (keyof T & string)[] };

type MergedSaveOptions<T, Reply> = {
  draftId: string;
  saved: Stand<T>;
  /** Asks the server how it stands now. */
  load: () => Promise<Stand<T>>;
  send: (edit: Edit<T>) => Promise<Reply>;
  onSaved: (reply: Reply) => void;
};

type Outcome<T, Reply> =
  | { kind: 'saved'; reply: Reply }
  | { kind: 'conflict'; fresh: Stand<T>; merge: Merge<T>; mine: T };

export function useMergedSave<T extends Fields, Reply>(options: MergedSaveOptions<T, Reply>) {
  const { saved } = options;
  const [edit, setEdit] = useDraft<Edit<T>>(options.draftId);
  const [conflict, setConflict] = useState<Conflict<T> & { merged: T }>();
  const [isTried, setIsTried] = useState(false);
  const save = useMutation({
    mutationFn: (wanted: Edit<T>) => saveOrMerge(options, wanted),
    onSuccess(outcome) {
      if (outcome.kind === 'conflict') {
        const { fresh, mine, merge } = outcome;
        setConflict({ fresh, mine, fields: merge.conflicts, merged: merge.merged });
        return;
      }
      setConflict(undefined);
      setEdit(undefined);
      setIsTried(false);
      options.onSaved(outcome.reply);
    },
  });
  const fields = edit?.fields ?? saved.fields;
  return {
    fields,
    isDirty: edit !== undefined,
    /** Whether somebody wants to save it: from then on it says what is missing. */
    isTried,
    isPending: save.isPending,
    error: save.error,
    conflict,
    change(changes: Partial<T>) {
      const { base, etag } = edit ?? { base: saved.fields, etag: saved.etag };
      setEdit({ base, etag, fields: { ...fields, ...changes } });
    },
    discard() {
      save.reset();
      setConflict(undefined);
      setEdit(undefined);
      setIsTried(false);
    },
    submit(isComplete: boolean) {
      setIsTried(true);
      if (isComplete && !save.isPending) save.mutate(edit ?? { base: saved.fields, etag: saved.etag, fields });
    },
    choose(choices: Record<string, Choice>) {
      if (conflict === undefined || save.isPending) return;
      const { fresh, mine, merged } = conflict;
      const chosen = Object.entries(choices).flatMap(([field, choice]) =>
        choice === 'mine' ? [[field, mine[field]] as const] : [],
      );
      const next = { base: fresh.fields, etag: fresh.etag, fields: { ...merged, ...Object.fromEntries(chosen) } };
      setEdit(next);
      save.mutate(next);
    },
    postpone: () => setConflict(undefined),
  };
}

async function saveOrMerge<T extends Fields, Reply>(
  { load, send }: MergedSaveOptions<T, Reply>,
  edit: Edit<T>,
): Promise<Outcome<T, Reply>> {
  try {
    return { kind: 'saved', reply: await send(edit) };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 412) throw error;
  }
  const fresh = await load();
  const merge = mergeFields(edit.base, fresh.fields, edit.fields);
  if (merge.conflicts.length > 0) return { kind: 'conflict', fresh, merge, mine: edit.fields };
  return { kind: 'saved', reply: await send({ base: fresh.fields, etag: fresh.etag, fields: merge.merged }) };
}
