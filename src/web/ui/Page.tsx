import type { ReactNode } from 'react';
import { useDocumentTitle } from './document-title.ts';

type PageProps = {
  title: string;
  lead?: ReactNode;
  /** Stands above the title: where this page hangs. */
  above?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
};

export function Page({ title, lead, above, actions, children }: PageProps) {
  useDocumentTitle(title);
  return (
    <div className="mx-auto w-full max-w-[70rem] px-4 pt-6 pb-16 sm:px-8 sm:pt-9">
      {above !== undefined && <div className="mb-6 text-sm text-muted">{above}</div>}
      <header className="mb-6 flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 max-w-[44rem]">
          <h1 className="text-xl font-semibold tracking-[-0.015em]">{title}</h1>
          {lead !== undefined && <p className="mt-1 text-muted">{lead}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      <div className="flex flex-col gap-5">{children}</div>
    </div>
  );
}
