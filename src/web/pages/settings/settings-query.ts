import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { Setting, SettingReply, SettingsList } from '../../../features/vapi-settings/contract.ts';
import { api } from '../../api/api.ts';
import { expectOwnEcho } from '../../live/echo.ts';
import { nameOfSetting } from './setting-name.ts';
import { useText } from '../../text/text.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';
import { sentenceFor } from '../../ui/Problem.tsx';

export const settingsKey = (assistantId: string | undefined) => ['settings', 'list', assistantId ?? 'default'];

export const settingsQuery = (assistantId: string | undefined) =>
  queryOptions({
    queryKey: settingsKey(assistantId),
    queryFn: ({ signal }) => api.settings.list({ assistant_id: assistantId, signal }),
  });

type Save = { setting: Setting; value: Setting['value']; ifMatch: string };

/** Saves one setting; the answer goes into the list that is on the screen, so nothing has to be asked again. */
export function useSaveSetting(assistantId: string | undefined) {
  const queryClient = useQueryClient();
  const text = useText();
  const put = (key: string, value: Setting['value'], ifMatch: string) =>
    api.settings.put(key, { value }, { ifMatch, assistant_id: assistantId });
  const keep = (reply: SettingReply) => {
    expectOwnEcho('settings');
    queryClient.setQueryData<SettingsList>(
      settingsKey(assistantId),
      (list) => list && withSetting(list, reply.setting),
    );
    void queryClient.invalidateQueries({ queryKey: ['settings', 'history'] });
  };
  const undo = async (before: Setting, reply: SettingReply) => {
    const name = nameOfSetting(before.key, text);
    try {
      keep(await put(before.key, before.value, reply.setting.etag));
      toastSuccess(text.settings.undone(name));
    } catch (error) {
      toastError(text.problems.titles.action, { description: sentenceFor(error as Error, text) });
    }
  };
  return useMutation({
    mutationFn: ({ setting, value, ifMatch }: Save) => put(setting.key, value, ifMatch),
    onSuccess: (reply, { setting }) => {
      keep(reply);
      toastSuccess(text.settings.savedToast(nameOfSetting(setting.key, text)), {
        description: text.settings.savedNote,
        action: { label: text.words.undo, onClick: () => void undo(setting, reply) },
      });
    },
  });
}

/** The list with one setting replaced or added. */
export function withSetting(list: SettingsList, setting: Setting): SettingsList {
  const isKnown = list.settings.some(({ key }) => key === setting.key);
  const settings = isKnown
    ? list.settings.map((one) => (one.key === setting.key ? setting : one))
    : [...list.settings, setting];
  return { ...list, settings, drift: settings.some((one) => one.drift) };
}
