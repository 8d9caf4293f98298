import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { SettingsList } from '../../../features/vapi-settings/contract.ts';
import { api } from '../../api/api.ts';
import { expectOwnEcho } from '../../live/echo.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { TextArea, TextField } from '../../ui/Field.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { readJson } from './setting-draft.ts';
import { settingsKey, withSetting } from './settings-query.ts';

const KEY = /^[a-z][a-z0-9_]{0,63}$/;

export function AddCustomSetting({ assistantId, onClose }: { assistantId: string | undefined; onClose: () => void }) {
  const text = useText();
  const queryClient = useQueryClient();
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const [isTried, setIsTried] = useState(false);
  const reading = readJson(value, text);
  const isKey = KEY.test(key);
  const add = useMutation({
    mutationFn: () =>
      api.settings.put(key, { value: reading.ok ? reading.value : null }, { assistant_id: assistantId }),
    onSuccess: ({ setting }) => {
      expectOwnEcho('settings');
      queryClient.setQueryData<SettingsList>(settingsKey(assistantId), (list) => list && withSetting(list, setting));
      toastSuccess(text.settings.customAdded(key));
      onClose();
    },
  });
  const submit = () => {
    setIsTried(true);
    if (isKey && reading.ok) add.mutate();
  };
  return (
    <Dialog
      title={text.settings.addCustom}
      lead={text.settings.customLead}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{text.words.cancel}</Button>
          <Button kind="primary" busy={add.isPending} onClick={submit}>
            {text.words.add}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <TextField
          label={text.settings.customKey}
          hint={text.settings.customKeyHint}
          error={isTried && !isKey ? text.settings.customKeyHint : undefined}
          value={key}
          spellCheck={false}
          className="font-mono"
          onChange={(event) => setKey(event.target.value)}
        />
        <TextArea
          label={text.settings.customValue}
          error={isTried && !reading.ok ? reading.problem : undefined}
          rows={5}
          value={value}
          spellCheck={false}
          className="font-mono text-xs"
          onChange={(event) => setValue(event.target.value)}
        />
        {add.error !== null && <Problem error={add.error} title={text.problems.titles.action} />}
      </div>
    </Dialog>
  );
}
