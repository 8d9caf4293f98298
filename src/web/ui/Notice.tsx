import { CircleAlert, Info, type LucideIcon, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { classes } from './classes.ts';

type Tone = 'bad' | 'warn' | 'info';

const LOOKS: Record<Tone, { icon: LucideIcon; box: string; mark: string }> = {
  bad: { icon: CircleAlert, box: 'border-bad/30 bg-bad-soft', mark: 'text-bad' },
  warn: { icon: TriangleAlert, box: 'border-warn/30 bg-warn-soft', mark: 'text-warn' },
  info: { icon: Info, box: 'border-info/30 bg-info-soft', mark: 'text-info' },
};

type NoticeProps = {
  tone: Tone;
  title?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
  icon?: LucideIcon;
  /** `alert` interrupts a screen reader, `status` waits for its turn. */
  role?: 'alert' | 'status';
};

export function Notice({ tone, title, children, actions, icon, role = 'status' }: NoticeProps) {
  const look = LOOKS[tone];
  const Icon = icon ?? look.icon;
  return (
    <div role={role} className={classes('flex gap-3 rounded-lg border px-4 py-3', look.box)}>
      <Icon aria-hidden className={classes('mt-0.5 size-[1.125rem] shrink-0', look.mark)} />
      <div className="flex min-w-0 flex-1 flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="min-w-0 max-w-[46rem]">
          {title !== undefined && <p className="font-medium">{title}</p>}
          {children !== undefined && <div className="text-sm text-ink/85">{children}</div>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
    </div>
  );
}
