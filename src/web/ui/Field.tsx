import { useId, type ComponentProps, type ReactNode } from 'react';
import { classes } from './classes.ts';

type FieldFrameProps = {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  /** The label is read out but not drawn. */
  hidesLabel?: boolean;
  children: (ids: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean }) => ReactNode;
};

/** A label, its control, and below it a hint or what is wrong. */
export function FieldFrame({ label, hint, error, hidesLabel = false, children }: FieldFrameProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const hasNote = error !== undefined || hint !== undefined;
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <label htmlFor={id} className={hidesLabel ? 'sr-only' : 'text-sm font-medium'}>
        {label}
      </label>
      {children({ id, 'aria-describedby': hasNote ? noteId : undefined, 'aria-invalid': error !== undefined })}
      {hasNote && (
        <p id={noteId} className={classes('text-xs', error === undefined ? 'text-muted' : 'font-medium text-bad')}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

type Shared = { label: ReactNode; hint?: ReactNode; error?: string | undefined; hidesLabel?: boolean };

export function TextField({ label, hint, error, hidesLabel, ...input }: Shared & ComponentProps<'input'>) {
  return (
    <FieldFrame {...frame({ label, hint, error, hidesLabel })}>
      {(ids) => <input {...ids} {...input} className={classes('field h-9', input.className)} />}
    </FieldFrame>
  );
}

export function TextArea({ label, hint, error, hidesLabel, ...input }: Shared & ComponentProps<'textarea'>) {
  return (
    <FieldFrame {...frame({ label, hint, error, hidesLabel })}>
      {(ids) => <textarea rows={3} {...ids} {...input} className={classes('field', input.className)} />}
    </FieldFrame>
  );
}

export function Select({ label, hint, error, hidesLabel, ...input }: Shared & ComponentProps<'select'>) {
  return (
    <FieldFrame {...frame({ label, hint, error, hidesLabel })}>
      {(ids) => <select {...ids} {...input} className={classes('field h-9', input.className)} />}
    </FieldFrame>
  );
}

function frame({ label, hint, error, hidesLabel }: { [Name in keyof Shared]: Shared[Name] | undefined }): Shared {
  return {
    label,
    ...(hint === undefined ? {} : { hint }),
    ...(error === undefined ? {} : { error }),
    ...(hidesLabel === undefined ? {} : { hidesLabel }),
  };
}
