import type { ApiError } from '../../../client-transport.ts';
import type { SettingConflict } from '../../../features/vapi-settings/contract.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { shown } from '../../ui/Diff.tsx';
import { CorrelationId } from '../../ui/Problem.tsx';

type ConflictProps = {
  name: string;
  error: ApiError;
  busy: boolean;
  onKeepTheirs: () => void;
  onKeepMine: (ifMatch: string) => void;
  onClose: () => void;
};

/** Two people changed one thing: both values side by side, and the choice. */
export function ConflictDialog({ name, error, busy, onKeepTheirs, onKeepMine, onClose }: ConflictProps) {
  const text = useText();
  const format = useFormat();
  const { current, diff } = error.problem as unknown as Partial<SettingConflict>;
  const who = current?.updated_by ?? text.words.unknown;
  const age = current?.updated_at == null ? '' : format.age(current.updated_at);
  return (
    <Dialog
      size="wide"
      title={text.settings.conflictTitle}
      lead={text.settings.conflictBody(name, who, age)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onKeepTheirs}>{text.settings.keepTheirs}</Button>
          <Button kind="primary" busy={busy} onClick={() => onKeepMine(current?.etag ?? '*')}>
            {text.settings.keepMine}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {(diff ?? []).map(({ field, base, current: theirs, yours }) => (
          <div key={field}>
            {(diff ?? []).length > 1 && <p className="mb-1.5 font-mono text-xs text-muted">{field}</p>}
            <div className="grid gap-3 sm:grid-cols-2">
              <Side title={text.settings.conflictTheirs} value={shown(theirs, text.words.none)} />
              <Side title={text.settings.conflictYours} value={shown(yours, text.words.none)} isMine />
            </div>
            <p className="mt-2 text-xs break-words text-muted">
              {text.settings.conflictBase}: {shown(base, text.words.none)}
            </p>
          </div>
        ))}
        <CorrelationId error={error} />
      </div>
    </Dialog>
  );
}

function Side({ title, value, isMine = false }: { title: string; value: string; isMine?: boolean }) {
  return (
    <div
      className={
        isMine ? 'rounded-md border border-accent/40 bg-accent-soft p-3' : 'rounded-md border border-line bg-sunken p-3'
      }
    >
      <p className="mb-1 text-xs font-medium text-muted">{title}</p>
      <p className="text-base break-words whitespace-pre-wrap">{value}</p>
    </div>
  );
}
