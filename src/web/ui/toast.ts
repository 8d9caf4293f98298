/** Toasts, fetched only when the first one is shown. */
import { useSyncExternalStore } from 'react';

type Options = { description?: string; action?: { label: string; onClick: () => void } };
type Kind = 'success' | 'error';

const DURATION_MS: Record<Kind, number> = { success: 7000, error: 10_000 };

let isWanted = false;
const listeners = new Set<() => void>();
let stands: () => void = () => undefined;
const standing = new Promise<void>((resolve) => {
  stands = resolve;
});

export function toastSuccess(title: string, options: Options = {}): void {
  show('success', title, options);
}

export function toastError(title: string, options: Options = {}): void {
  show('error', title, options);
}

/** Whether the place where toasts appear is needed on the page. */
export function useWantsToasts(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isWanted,
  );
}

/** The place says that it stands; what was to be shown before waits for it. */
export function toastsStand(): void {
  stands();
}

function show(kind: Kind, title: string, options: Options): void {
  isWanted = true;
  for (const listener of listeners) listener();
  void Promise.all([import('sonner'), standing]).then(([{ toast }]) =>
    toast[kind](title, { duration: DURATION_MS[kind], ...options }),
  );
}
