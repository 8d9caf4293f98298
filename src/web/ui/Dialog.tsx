import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { useText } from '../text/text.tsx';
import { useIsPainted } from './after-paint.ts';
import { classes } from './classes.ts';

type DialogProps = {
  title: string;
  lead?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
  onClose: () => void;
  size?: 'normal' | 'wide';
  /** Whether Escape and a click beside it close it. */
  stays?: boolean;
};

const OVERLAY = 'overlay fixed inset-0 z-40 bg-[rgb(15_16_18/0.42)]';

/** A dialog in the middle. Draw it only while it is open. */
export function Dialog({ title, lead, children, actions, onClose, size = 'normal', stays = false }: DialogProps) {
  const { words } = useText();
  const isPainted = useIsPainted();
  const hold = (event: Event) => (stays ? event.preventDefault() : undefined);
  if (!isPainted) return null;
  return (
    <Radix.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={OVERLAY} />
        <Radix.Content
          onEscapeKeyDown={hold}
          onInteractOutside={hold}
          {...(lead === undefined ? { 'aria-describedby': undefined } : {})}
          className={classes(
            'dialog fixed inset-x-3 bottom-3 z-50 mx-auto flex max-h-[calc(100dvh-1.5rem)] flex-col rounded-xl bg-raised shadow-float outline-none sm:top-[12vh] sm:bottom-auto sm:max-h-[76vh]',
            size === 'wide' ? 'max-w-3xl' : 'max-w-md',
          )}
        >
          <div className="flex items-start justify-between gap-4 px-5 pt-4">
            <div>
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {lead !== undefined && <Radix.Description className="mt-1 text-muted">{lead}</Radix.Description>}
            </div>
            {!stays && <CloseButton label={words.close} />}
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4">{children}</div>
          {actions !== undefined && (
            <div className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">{actions}</div>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

type SheetProps = { title: string; lead?: ReactNode; children: ReactNode; onClose: () => void };

/** A panel from the right edge, for reading beside the page. */
export function Sheet({ title, lead, children, onClose }: SheetProps) {
  const { words } = useText();
  if (!useIsPainted()) return null;
  return (
    <Radix.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={OVERLAY} />
        <Radix.Content
          {...(lead === undefined ? { 'aria-describedby': undefined } : {})}
          className="sheet fixed inset-y-0 right-0 z-50 flex w-full max-w-[30rem] flex-col bg-raised shadow-float outline-none"
        >
          <div className="flex items-start justify-between gap-4 border-b border-line px-5 py-4">
            <div>
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {lead !== undefined && (
                <Radix.Description className="mt-0.5 text-sm text-muted">{lead}</Radix.Description>
              )}
            </div>
            <CloseButton label={words.close} />
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function CloseButton({ label }: { label: string }) {
  return (
    <Radix.Close
      aria-label={label}
      className="-mr-1.5 inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-ink"
    >
      <X aria-hidden className="size-4" />
    </Radix.Close>
  );
}
