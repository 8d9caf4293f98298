import { useQueryClient } from '@tanstack/react-query';
import { Ban, History, RotateCcw } from 'lucide-react';
import { useState } from 'react';
import { ApiError } from '../../../client-transport.ts';
import type { Setting } from '../../../features/vapi-settings/contract.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import { useDraft } from '../../ui/draft.ts';
import { Problem } from '../../ui/Problem.tsx';
import { ConflictDialog } from './ConflictDialog.tsx';
import { type DraftValue, draftOf, readDraft } from './setting-draft.ts';
import { SettingEditor } from './SettingEditor.tsx';
import { nameOfSetting } from './setting-name.ts';
import { useSaveSetting } from './settings-query.ts';

type RowProps = { setting: Setting; assistantId: string | undefined; onHistory: () => void; onRemove?: () => void };

/** One setting: what it means, its editor, and what can be done with it. */
export function SettingRow({ setting, assistantId, onHistory, onRemove }: RowProps) {
  const text = useText();
  const queryClient = useQueryClient();
  const mayEdit = useMay('editor');
  const [draft, setDraft] = useDraft<DraftValue>(`setting/${assistantId ?? ''}/${setting.key}`);
  const [isTried, setIsTried] = useState(false);
  const save = useSaveSetting(assistantId);
  const name = nameOfSetting(setting.key, text);
  const current = draft ?? draftOf(setting);
  const isDirty = draft !== undefined && draft !== draftOf(setting);
  const reading = readDraft(setting, current, text);
  const problem = !reading.ok && (isDirty || isTried) ? reading.problem : undefined;

  const change = (next: DraftValue) => {
    save.reset();
    setDraft(next);
  };
  const discard = () => {
    save.reset();
    setIsTried(false);
    setDraft(undefined);
  };
  const submit = (ifMatch: string = setting.etag) => {
    setIsTried(true);
    if (!reading.ok || save.isPending) return;
    save.mutate({ setting, value: reading.value, ifMatch }, { onSuccess: discard });
  };
  const takeTheirs = () => {
    discard();
    void queryClient.invalidateQueries({ queryKey: ['settings'] });
  };

  return (
    <form
      aria-label={name}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      className="grid gap-x-8 gap-y-3 border-b border-line px-4 py-5 last:border-b-0 sm:px-5 md:grid-cols-[minmax(0,15rem)_minmax(0,1fr)]"
    >
      <Description setting={setting} name={name} />
      <div className="min-w-0">
        {setting.available ? (
          <SettingEditor
            {...{ setting, name, problem }}
            draft={current}
            disabled={!mayEdit || save.isPending}
            onChange={change}
          />
        ) : (
          <p className="flex min-h-9 items-center gap-2 text-muted">
            <Ban aria-hidden className="size-4 shrink-0" />
            {setting.unavailable_reason ?? text.settings.unavailable}
          </p>
        )}
        <div className="mt-2 flex min-h-8 flex-wrap items-center justify-between gap-x-4 gap-y-2">
          <Meta setting={setting} />
          <div className="ml-auto flex items-center gap-1">
            {isDirty && (
              <>
                <Button
                  size="small"
                  kind="quiet"
                  disabled={save.isPending}
                  aria-label={text.settings.discardOf(name)}
                  onClick={discard}
                >
                  {text.words.discard}
                </Button>
                <Button
                  size="small"
                  kind="primary"
                  type="submit"
                  busy={save.isPending}
                  aria-label={text.settings.saveOf(name)}
                >
                  {save.isPending ? text.words.saving : text.words.save}
                </Button>
              </>
            )}
            {!isDirty && onRemove !== undefined && mayEdit && (
              <Button size="small" kind="quiet" onClick={onRemove}>
                {setting.standard ? <RotateCcw aria-hidden className="size-4" /> : null}
                {setting.standard ? text.settings.reset : text.words.remove}
              </Button>
            )}
            <IconButton label={text.settings.historyOf(name)} onClick={onHistory}>
              <History aria-hidden className="size-4" />
            </IconButton>
          </div>
        </div>
        {save.error !== null && !isConflict(save.error) && (
          <div className="mt-2">
            <Problem key={save.submittedAt} error={save.error} title={text.problems.titles.action} />
          </div>
        )}
      </div>
      {isConflict(save.error) && (
        <ConflictDialog
          name={name}
          error={save.error}
          onKeepTheirs={takeTheirs}
          onKeepMine={submit}
          onClose={save.reset}
          busy={save.isPending}
        />
      )}
    </form>
  );
}

function Description({ setting, name }: { setting: Setting; name: string }) {
  const { settings } = useText();
  return (
    <div>
      <p className="flex flex-wrap items-center gap-2 font-medium">
        <span className={setting.standard ? '' : 'font-mono text-sm'}>{name}</span>
        {setting.drift && <Badge tone="warn">{settings.driftMark}</Badge>}
      </p>
      <p className="mt-0.5 text-sm text-muted">{settings.explains[setting.key]}</p>
      {setting.standard && <p className="mt-1 font-mono text-xs text-faint">{setting.key}</p>}
    </div>
  );
}

function Meta({ setting }: { setting: Setting }) {
  const { settings } = useText();
  if (setting.updated_at === null) return <p className="text-xs text-faint">{settings.neverChanged}</p>;
  return (
    <p className="text-xs text-faint">
      {setting.updated_by ?? ''} · <Age at={setting.updated_at} />
    </p>
  );
}

function isConflict(error: Error | null): error is ApiError {
  return error instanceof ApiError && error.status === 412;
}
