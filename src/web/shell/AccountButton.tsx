import { ChevronsUpDown } from 'lucide-react';
import { lazy, Suspense, useRef, useState } from 'react';
import { useSession } from '../session/use-session.ts';
import { useText } from '../text/text.tsx';

const AccountMenu = lazy(() => import('./AccountMenu.tsx'));

/** Who is signed in, and in which role; opens the menu. */
export function AccountButton() {
  const text = useText();
  const { user, role } = useSession();
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    setIsOpen(false);
    button.current?.focus();
  };
  return (
    <div className="relative">
      <button
        ref={button}
        type="button"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
        className="flex w-full items-center gap-2.5 rounded-md px-2.5 py-2 text-left transition-colors hover:bg-hover aria-expanded:bg-hover"
      >
        <span
          aria-hidden
          className="flex size-7 shrink-0 items-center justify-center rounded-full bg-accent-soft text-xs font-semibold text-accent uppercase"
        >
          {user.email.slice(0, 2)}
        </span>
        <span className="sr-only">{text.shell.account}: </span>
        <span className="min-w-0 flex-1 leading-tight">
          <span className="block truncate text-sm font-medium">{user.email}</span>
          <span className="block text-xs text-muted">{text.members.roles[role]}</span>
        </span>
        <ChevronsUpDown aria-hidden className="size-4 text-faint" />
      </button>
      <Suspense>{isOpen && <AccountMenu onClose={close} />}</Suspense>
    </div>
  );
}
