import { Link } from '@tanstack/react-router';
import type { ComponentProps, MouseEvent, ReactNode } from 'react';
import { classes } from './classes.ts';
import { Spinner } from './Spinner.tsx';

type Kind = 'primary' | 'secondary' | 'quiet' | 'danger';
type Size = 'normal' | 'small';

const BASE =
  'inline-flex shrink-0 items-center justify-center gap-2 rounded-md font-medium whitespace-nowrap select-none transition-colors duration-100 disabled:opacity-50 disabled:cursor-not-allowed';

const KINDS: Record<Kind, string> = {
  primary: 'bg-ink text-inverse hover:not-disabled:bg-ink/85',
  secondary: 'bg-surface text-ink border border-line-strong shadow-card hover:not-disabled:bg-hover',
  quiet: 'text-muted hover:not-disabled:bg-hover hover:not-disabled:text-ink',
  danger: 'bg-bad-solid text-white hover:not-disabled:bg-bad-solid/85',
};

const SIZES: Record<Size, string> = { normal: 'h-9 px-3.5 text-base', small: 'h-8 px-2.5 text-sm' };

type ButtonProps = ComponentProps<'button'> & { kind?: Kind; size?: Size; busy?: boolean; icon?: ReactNode };

/** While `busy` it keeps its width, says so, and does not answer a second click; nor the second half of a double click. */
export function Button({ kind = 'secondary', size = 'normal', busy = false, icon, children, ...rest }: ButtonProps) {
  // An answer may come between the two clicks of an impatient finger, so `busy` alone would let the second one through.
  const click = (event: MouseEvent<HTMLButtonElement>) => {
    if (event.detail > 1) event.preventDefault();
    else rest.onClick?.(event);
  };
  return (
    <button
      type="button"
      {...rest}
      onClick={click}
      disabled={rest.disabled === true || busy}
      aria-busy={busy || undefined}
      className={classes(BASE, KINDS[kind], SIZES[size], rest.className)}
    >
      {busy ? <Spinner /> : icon}
      {children}
    </button>
  );
}

type IconButtonProps = ComponentProps<'button'> & { label: string };

export function IconButton({ label, className, children, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={classes(
        'inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted transition-colors hover:not-disabled:bg-hover hover:not-disabled:text-ink disabled:opacity-50',
        className,
      )}
    >
      {children}
    </button>
  );
}

type LinkButtonProps = { to: string; kind?: Kind; size?: Size; icon?: ReactNode; children: ReactNode };

export function LinkButton({ to, kind = 'secondary', size = 'normal', icon, children }: LinkButtonProps) {
  return (
    <Link to={to} className={classes(BASE, KINDS[kind], SIZES[size])}>
      {icon}
      {children}
    </Link>
  );
}
