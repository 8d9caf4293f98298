import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { History, Plus, SlidersHorizontal } from 'lucide-react';
import { useState } from 'react';
import type { Setting, SettingsList } from '../../../features/vapi-settings/contract.ts';
import { assistantsQuery } from '../../api/assistants.ts';
import { paths } from '../../paths.ts';
import { useMay } from '../../session/use-session.ts';
import { useSearchParam } from '../../ui/search-param.ts';
import { useText } from '../../text/text.tsx';
import { Button, LinkButton } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Select } from '../../ui/Field.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Page } from '../../ui/Page.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';
import { AddCustomSetting } from './AddCustomSetting.tsx';
import { DriftBanner } from './DriftBanner.tsx';
import { HistorySheet } from './HistorySheet.tsx';
import { RemoveSetting } from './RemoveSetting.tsx';
import { SettingRow } from './SettingRow.tsx';
import { settingsQuery } from './settings-query.ts';
import { SettingsTabs } from './SettingsTabs.tsx';

function NoSettings() {
  const { settings } = useText();
  const mayCreate = useMay('editor');
  return (
    <EmptyState
      icon={SlidersHorizontal}
      title={settings.emptyTitle}
      action={
        mayCreate && (
          <LinkButton kind="primary" to={paths.newAssistant()}>
            {settings.emptyAction}
          </LinkButton>
        )
      }
    >
      {settings.emptyBody}
    </EmptyState>
  );
}

export default function VapiRemoteSettingsPage() {
  const { settings } = useText();
  const assistant = useSearchParam('assistant');
  const query = useQuery(settingsQuery(assistant));
  return (
    <Page
      title={settings.remoteTitle}
      lead={settings.remoteLead}
      above={<SettingsTabs />}
      actions={<AssistantChoice chosen={assistant} />}
    >
      <Loaded query={query} skeleton={<SettingsSkeleton />}>
        {(list) => (list.settings.length === 0 ? <NoSettings /> : <Settings list={list} assistantId={assistant} />)}
      </Loaded>
    </Page>
  );
}

type Open = { kind: 'none' } | { kind: 'history'; key?: string } | { kind: 'add' } | { kind: 'remove'; key: string };

const CALL_KEYS = new Set(['max_call_duration', 'enable_transcription']);

function Settings({ list, assistantId }: { list: SettingsList; assistantId: string | undefined }) {
  const { settings: words } = useText();
  const mayEdit = useMay('editor');
  const [open, setOpen] = useState<Open>({ kind: 'none' });
  const close = () => setOpen({ kind: 'none' });
  const byKey = (key: string) => list.settings.find((setting) => setting.key === key);
  const custom = list.settings.filter((setting) => !setting.standard);
  const rows = (settings: Setting[]) =>
    settings.map((setting) => (
      <SettingRow
        key={setting.key}
        setting={setting}
        assistantId={assistantId}
        onHistory={() => setOpen({ kind: 'history', key: setting.key })}
        {...(setting.standard ? {} : { onRemove: () => setOpen({ kind: 'remove', key: setting.key }) })}
      />
    ));
  const standard = list.settings.filter((setting) => setting.standard);
  const removed = open.kind === 'remove' ? byKey(open.key) : undefined;

  return (
    <>
      {list.drift && (
        <DriftBanner count={list.settings.filter((setting) => setting.drift).length} assistantId={assistantId} />
      )}
      {!mayEdit && <p className="text-muted">{words.readOnly}</p>}
      <Card
        title={words.groups.voice}
        flush
        actions={
          <Button
            size="small"
            kind="quiet"
            icon={<History aria-hidden className="size-4" />}
            onClick={() => setOpen({ kind: 'history' })}
          >
            {words.historyAll}
          </Button>
        }
      >
        {rows(standard.filter(({ key }) => !CALL_KEYS.has(key)))}
      </Card>
      <Card title={words.groups.call} flush>
        {rows(standard.filter(({ key }) => CALL_KEYS.has(key)))}
      </Card>
      <Card
        title={words.groups.custom}
        lead={words.customLead}
        flush
        actions={
          mayEdit && (
            <Button
              size="small"
              icon={<Plus aria-hidden className="size-4" />}
              onClick={() => setOpen({ kind: 'add' })}
            >
              {words.addCustom}
            </Button>
          )
        }
      >
        {custom.length === 0 ? <p className="px-5 py-6 text-muted">{words.noCustom}</p> : rows(custom)}
      </Card>
      {open.kind === 'history' && (
        <HistorySheet
          setting={open.key === undefined ? undefined : byKey(open.key)}
          settings={list.settings}
          assistantId={assistantId}
          onClose={close}
        />
      )}
      {open.kind === 'add' && <AddCustomSetting assistantId={assistantId} onClose={close} />}
      {removed !== undefined && <RemoveSetting setting={removed} assistantId={assistantId} onClose={close} />}
    </>
  );
}

/** Which assistant the page is about; hidden while there is only one. */
function AssistantChoice({ chosen }: { chosen: string | undefined }) {
  const { settings } = useText();
  const navigate = useNavigate();
  const { data } = useQuery(assistantsQuery);
  const assistants = data?.assistants ?? [];
  if (assistants.length < 2) return null;
  return (
    <Select
      label={settings.assistant}
      hidesLabel
      value={chosen ?? assistants.find((one) => one.default)?.assistant_id ?? ''}
      onChange={(event) => void navigate({ to: paths.vapiRemoteSettings(), search: { assistant: event.target.value } })}
    >
      {assistants.map(({ assistant_id, name }) => (
        <option key={assistant_id} value={assistant_id}>
          {name}
        </option>
      ))}
    </Select>
  );
}

function SettingsSkeleton() {
  return (
    <LoadingArea>
      <div className="flex flex-col gap-5">
        {[4, 2].map((rows) => (
          <div key={rows} className="rounded-lg border border-line bg-surface">
            <div className="border-b border-line px-5 py-4">
              <Skeleton className="h-5 w-32" />
            </div>
            {Array.from({ length: rows }, (_, index) => (
              <div
                key={index}
                className="grid gap-x-8 gap-y-3 border-b border-line px-5 py-5 last:border-b-0 md:grid-cols-[15rem_1fr]"
              >
                <div className="space-y-2">
                  <Skeleton className="h-4 w-28" />
                  <Skeleton className="h-3 w-44" />
                </div>
                <Skeleton className="h-[5.75rem]" />
              </div>
            ))}
          </div>
        ))}
      </div>
    </LoadingArea>
  );
}
