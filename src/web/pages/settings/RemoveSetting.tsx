import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Setting } from '../../../features/vapi-settings/contract.ts';
import { api } from '../../api/api.ts';
import { useText } from '../../text/text.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { nameOfSetting } from './setting-name.ts';

type RemoveProps = { setting: Setting; assistantId: string | undefined; onClose: () => void };

export function RemoveSetting({ setting, assistantId, onClose }: RemoveProps) {
  const text = useText();
  const queryClient = useQueryClient();
  const name = nameOfSetting(setting.key, text);
  const remove = useMutation({
    mutationFn: () => api.settings.remove(setting.key, { ifMatch: setting.etag, assistant_id: assistantId }),
    onSuccess: () => {
      toastSuccess(text.settings.customRemoved(name));
      void queryClient.invalidateQueries({ queryKey: ['settings'] });
      onClose();
    },
  });
  return (
    <Confirm
      title={text.settings.removeTitle(name)}
      body={text.settings.removeBody}
      action={text.words.remove}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
