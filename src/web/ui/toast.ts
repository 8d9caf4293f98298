/** Toasts, fetched only when the first one is shown. */
type Options = { description?: string; action?: { label: string; onClick: () => void } };

export function toastSuccess(title: string, options: Options = {}): void {
  void import('sonner').then(({ toast }) => toast.success(title, { duration: 7000, ...options }));
}

export function toastError(title: string, options: Options = {}): void {
  void import('sonner').then(({ toast }) => toast.error(title, { duration: 10_000, ...options }));
}
