import { Link } from '@tanstack/react-router';
import { Activity, Hash, Menu, PhoneCall, Search, Settings2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { paths } from '../paths.ts';
import { useSession } from '../session/use-session.ts';
import { useText } from '../text/text.tsx';
import { IconButton } from '../ui/Button.tsx';
import { CutMark } from './LiveMark.tsx';
import { Mark } from './Mark.tsx';

const Drawer = lazy(() => import('./Drawer.tsx'));

const ITEM =
  'flex flex-1 flex-col items-center justify-center gap-0.5 py-1.5 text-[0.6875rem] font-medium text-muted data-[status=active]:text-accent';

/** The head of narrow screens. */
export function TopBar({ onSearch }: { onSearch: () => void }) {
  const text = useText();
  const { tenant } = useSession();
  return (
    <header className="sticky top-0 z-20 flex h-13 items-center gap-2.5 border-b border-line bg-canvas/90 px-4 backdrop-blur lg:hidden">
      <Mark className="size-6" />
      <p className="min-w-0 flex-1 truncate text-sm font-semibold">{tenant.name}</p>
      <CutMark />
      <IconButton label={text.shell.palette.open} onClick={onSearch}>
        <Search aria-hidden className="size-4.5" />
      </IconButton>
    </header>
  );
}

/** The navigation of narrow screens: the four places people go to most, and a drawer with all. */
export function BottomBar() {
  const text = useText();
  const [isOpen, setIsOpen] = useState(false);
  const close = () => setIsOpen(false);
  return (
    <>
      <nav
        aria-label={text.shell.mainNavigation}
        className="fixed inset-x-0 bottom-0 z-20 flex border-t border-line bg-canvas/95 pb-[env(safe-area-inset-bottom)] backdrop-blur lg:hidden"
      >
        <Link to={paths.now()} activeOptions={{ exact: true }} className={ITEM}>
          <Activity aria-hidden className="size-5" strokeWidth={1.8} />
          {text.shell.nav.now}
        </Link>
        <Link to={paths.calls()} className={ITEM}>
          <PhoneCall aria-hidden className="size-5" strokeWidth={1.8} />
          {text.shell.nav.calls}
        </Link>
        <Link to={paths.numbers()} className={ITEM}>
          <Hash aria-hidden className="size-5" strokeWidth={1.8} />
          {text.shell.nav.numbers}
        </Link>
        <Link to={paths.settings()} className={ITEM}>
          <Settings2 aria-hidden className="size-5" strokeWidth={1.8} />
          {text.shell.nav.settings}
        </Link>
        <button type="button" onClick={() => setIsOpen(true)} className={ITEM}>
          <Menu aria-hidden className="size-5" strokeWidth={1.8} />
          {text.shell.more}
        </button>
      </nav>
      <Suspense>{isOpen && <Drawer onClose={close} />}</Suspense>
    </>
  );
}
