import type { ReactNode } from 'react';
import { useText } from '../text/text.tsx';
import { Button } from './Button.tsx';
import { Dialog } from './Dialog.tsx';
import { Problem } from './Problem.tsx';

type ConfirmProps = {
  title: string;
  body: ReactNode;
  action: string;
  busy: boolean;
  error?: Error | null;
  onConfirm: () => void;
  onClose: () => void;
};

/** Asks before something that people would not want by accident, saying what it means. */
export function Confirm({ title, body, action, busy, error, onConfirm, onClose }: ConfirmProps) {
  const { words } = useText();
  return (
    <Dialog
      title={title}
      lead={body}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind="danger" busy={busy} onClick={onConfirm}>
            {action}
          </Button>
        </>
      }
    >
      {error != null && <Problem error={error} />}
    </Dialog>
  );
}
