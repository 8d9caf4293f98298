import type { ReactNode } from 'react';
import { classes } from './classes.ts';

type CardProps = { title?: ReactNode; lead?: ReactNode; actions?: ReactNode; children: ReactNode; flush?: boolean };

/** A titled surface. `flush`: rows inside reach the edges and bring their own padding. */
export function Card({ title, lead, actions, children, flush = false }: CardProps) {
  return (
    <section className="overflow-clip rounded-lg border border-line bg-surface shadow-card">
      {title !== undefined && (
        <div
          className={classes(
            'flex flex-wrap items-start justify-between gap-x-4 gap-y-2 px-4 pt-3.5 sm:px-5',
            flush && 'border-b border-line pb-3.5',
          )}
        >
          <div className="min-w-0 flex-1 basis-52">
            <h2 className="text-base font-semibold">{title}</h2>
            {lead !== undefined && <p className="mt-0.5 text-sm text-muted">{lead}</p>}
          </div>
          {actions !== undefined && <div className="flex items-center gap-2">{actions}</div>}
        </div>
      )}
      <div className={flush ? undefined : 'px-4 py-4 sm:px-5'}>{children}</div>
    </section>
  );
}
