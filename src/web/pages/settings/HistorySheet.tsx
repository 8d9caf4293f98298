import { infiniteQueryOptions, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { RotateCcw } from 'lucide-react';
import type { Setting, SettingsList, SettingVersion } from '../../../features/vapi-settings/contract.ts';
import { api } from '../../api/api.ts';
import { expectOwnEcho } from '../../live/echo.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { CopyId } from '../../ui/CopyId.tsx';
import { Sheet } from '../../ui/Dialog.tsx';
import { Diff } from '../../ui/Diff.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { MoreButton } from '../../ui/MoreButton.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { SkeletonRows } from '../../ui/Skeleton.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { nameOfSetting } from './setting-name.ts';
import { settingsKey, withSetting } from './settings-query.ts';

const historyQuery = (key: string | undefined, assistantId: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['settings', 'history', assistantId ?? 'default', key ?? 'all'],
    queryFn: ({ pageParam, signal }) =>
      api.settings.history(key, { assistant_id: assistantId, limit: 20, cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

type HistoryProps = {
  setting?: Setting | undefined;
  settings: Setting[];
  assistantId: string | undefined;
  onClose: () => void;
};

/** Who changed what, when and why; each state can be brought back. Without `setting`: of all settings. */
export function HistorySheet({ setting, settings, assistantId, onClose }: HistoryProps) {
  const text = useText();
  const history = useInfiniteQuery(historyQuery(setting?.key, assistantId));
  const title =
    setting === undefined ? text.settings.historyAll : text.settings.historyOf(nameOfSetting(setting.key, text));
  return (
    <Sheet title={title} onClose={onClose}>
      <Loaded query={history} skeleton={<SkeletonRows rows={4} />}>
        {({ pages }) => {
          const versions = pages.flatMap((page) => page.versions);
          if (versions.length === 0) return <p className="text-muted">{text.settings.historyEmpty}</p>;
          return (
            <ol className="flex flex-col gap-4">
              {versions.map((version) => (
                <Version
                  key={version.id}
                  version={version}
                  current={settings.find(({ key }) => key === version.key)}
                  assistantId={assistantId}
                  isNamed={setting === undefined}
                />
              ))}
            </ol>
          );
        }}
      </Loaded>
      <MoreButton query={history} />
    </Sheet>
  );
}

type VersionProps = {
  version: SettingVersion;
  current: Setting | undefined;
  assistantId: string | undefined;
  isNamed: boolean;
};

function Version({ version, current, assistantId, isNamed }: VersionProps) {
  const text = useText();
  const mayEdit = useMay('editor');
  const restore = useRestore(version, current, assistantId);
  const isCurrent = current?.version === version.version;
  return (
    <li className="rounded-lg border border-line bg-surface p-4">
      <div className="mb-2.5 flex flex-wrap items-center gap-2">
        <Badge tone={isCurrent ? 'accent' : 'neutral'}>
          {isCurrent ? text.settings.current : text.settings.version(version.version)}
        </Badge>
        <span className="text-sm font-medium">{text.settings.actions[version.action] ?? version.action}</span>
        {isNamed && <span className="text-sm text-muted">{nameOfSetting(version.key, text)}</span>}
        <span className="ml-auto text-xs text-faint">
          <Age at={version.created_at} />
        </span>
      </div>
      <Diff before={version.before} after={version.after} />
      {version.reason !== null && <p className="mt-2 text-sm text-muted">“{version.reason}”</p>}
      <div className="mt-3 flex flex-wrap items-center justify-between gap-2">
        <p className="text-xs text-muted">{version.author}</p>
        <CopyId
          value={version.correlation_id}
          what={text.words.correlationId}
          shown={version.correlation_id.slice(0, 8)}
        />
        {mayEdit && !isCurrent && version.after !== null && (
          <Button
            size="small"
            busy={restore.isPending}
            aria-label={text.settings.restoreVersion(version.version)}
            icon={<RotateCcw aria-hidden className="size-4" />}
            onClick={() => restore.mutate()}
          >
            {text.words.restore}
          </Button>
        )}
      </div>
      {restore.error !== null && (
        <div className="mt-3">
          <Problem error={restore.error} />
        </div>
      )}
    </li>
  );
}

function useRestore({ key, version }: SettingVersion, current: Setting | undefined, assistantId: string | undefined) {
  const text = useText();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => api.settings.restore(key, { version }, { ifMatch: current?.etag, assistant_id: assistantId }),
    onSuccess: ({ setting }) => {
      expectOwnEcho('settings');
      queryClient.setQueryData<SettingsList>(settingsKey(assistantId), (list) =>
        list === undefined || setting === null ? list : withSetting(list, setting),
      );
      void queryClient.invalidateQueries({ queryKey: ['settings', 'history'] });
      toastSuccess(text.settings.restored(nameOfSetting(key, text)));
    },
  });
}
