import type { FormEvent, ReactNode } from 'react';
import { useText } from '../text/text.tsx';
import { Button } from './Button.tsx';
import { classes } from './classes.ts';
import { FieldConflicts } from './FieldConflicts.tsx';
import type { useMergedSave } from './merged-save.ts';
import { Problem } from './Problem.tsx';

type MergedFormProps<T extends Record<string, unknown>, Reply> = {
  form: ReturnType<typeof useMergedSave<T, Reply>>;
  /** Whether what is typed may be sent. */
  isComplete: boolean;
  mayEdit: boolean;
  saveLabel: string;
  /** The fields in words, for two people who changed the same one. */
  nameOf: (field: keyof T & string) => string;
  wordsFor: (field: keyof T & string, value: unknown) => string;
  className?: string;
  children: ReactNode;
};

/** The frame of a form that merges: its fields, what two people changed at once, what went wrong, and what is not saved yet. */
export function MergedForm<T extends Record<string, unknown>, Reply>(props: MergedFormProps<T, Reply>) {
  const { form, isComplete, mayEdit, className, children } = props;
  const { problems } = useText();
  const { conflict } = form;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    form.submit(isComplete);
  };
  return (
    <form onSubmit={submit} noValidate className={classes('flex min-w-0 flex-col gap-5', className)}>
      <fieldset disabled={!mayEdit || form.isPending} className="flex min-w-0 flex-col gap-5">
        {children}
      </fieldset>
      {conflict !== undefined && (
        <FieldConflicts
          by={conflict.fresh.by}
          busy={form.isPending}
          onChoose={form.choose}
          onClose={form.postpone}
          conflicts={conflict.fields.map((field) => ({
            field,
            name: props.nameOf(field),
            theirs: props.wordsFor(field, conflict.fresh.fields[field]),
            mine: props.wordsFor(field, conflict.mine[field]),
          }))}
        />
      )}
      {form.error !== null && <Problem error={form.error} title={problems.titles.action} />}
      {form.isDirty && <Unsaved form={form} saveLabel={props.saveLabel} />}
    </form>
  );
}

type UnsavedProps = { form: { isPending: boolean; discard: () => void }; saveLabel: string };

function Unsaved({ form, saveLabel }: UnsavedProps) {
  const { words } = useText();
  return (
    <div className="sticky bottom-16 z-10 flex items-center justify-between gap-3 rounded-lg bg-raised px-4 py-3 shadow-float lg:bottom-4">
      <p className="text-sm text-muted">{words.unsaved}</p>
      <div className="flex gap-2">
        <Button kind="quiet" disabled={form.isPending} onClick={form.discard}>
          {words.discard}
        </Button>
        <Button kind="primary" type="submit" busy={form.isPending}>
          {saveLabel}
        </Button>
      </div>
    </div>
  );
}
