import { useId, useState } from 'react';
import { useText } from '../text/text.tsx';
import { Button } from './Button.tsx';
import { classes } from './classes.ts';
import { Dialog } from './Dialog.tsx';

export type FieldConflict = { field: string; name: string; theirs: string; mine: string };
export type Choice = 'theirs' | 'mine';

type FieldConflictsProps = {
  conflicts: FieldConflict[];
  /** Who else changed it; null when nobody knows. */
  by: string | null;
  busy: boolean;
  onChoose: (choices: Record<string, Choice>) => void;
  onClose: () => void;
};

/** What two people changed at the same time, side by side: for each field, whose value is kept. */
export function FieldConflicts({ conflicts, by, busy, onChoose, onClose }: FieldConflictsProps) {
  const { conflicts: text, words } = useText();
  const [choices, setChoices] = useState<Record<string, Choice>>({});
  const choiceOf = (field: string): Choice => choices[field] ?? 'mine';
  return (
    <Dialog
      size="wide"
      title={text.title}
      lead={text.lead(by ?? words.unknown)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{text.later}</Button>
          <Button
            kind="primary"
            busy={busy}
            onClick={() => onChoose(Object.fromEntries(conflicts.map(({ field }) => [field, choiceOf(field)])))}
          >
            {text.save}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-5">
        {conflicts.map(({ field, name, theirs, mine }) => (
          <fieldset key={field}>
            <legend className="mb-1.5 text-sm font-medium">{name}</legend>
            <div className="grid gap-3 sm:grid-cols-2">
              {(
                [
                  ['theirs', text.theirs, theirs],
                  ['mine', text.mine, mine],
                ] as const
              ).map(([choice, title, value]) => (
                <Side
                  key={choice}
                  field={field}
                  title={title}
                  value={value === '' ? words.none : value}
                  isChosen={choiceOf(field) === choice}
                  onChoose={() => setChoices({ ...choices, [field]: choice })}
                />
              ))}
            </div>
          </fieldset>
        ))}
      </div>
    </Dialog>
  );
}

type SideProps = { field: string; title: string; value: string; isChosen: boolean; onChoose: () => void };

function Side({ field, title, value, isChosen, onChoose }: SideProps) {
  const id = useId();
  return (
    <label
      htmlFor={id}
      className={classes(
        'flex cursor-pointer items-start gap-2.5 rounded-md border p-3',
        isChosen ? 'border-accent bg-accent-soft' : 'border-line bg-sunken',
      )}
    >
      <input
        id={id}
        type="radio"
        name={`${field} is kept from`}
        checked={isChosen}
        onChange={onChoose}
        className="mt-1 accent-accent"
      />
      <span className="min-w-0">
        <span className="block text-xs font-medium text-muted">{title}</span>
        <span className="block break-words whitespace-pre-wrap">{value}</span>
      </span>
    </label>
  );
}
