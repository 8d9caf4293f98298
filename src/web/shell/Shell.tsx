import { Outlet, useRouter } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useLiveUpdates } from '../live/live.ts';
import { useText } from '../text/text.tsx';
import { useWantsToasts } from '../ui/toast.ts';
import { Banners } from './Banners.tsx';
import { BottomBar, TopBar } from './BottomBar.tsx';
import { Sidebar } from './Sidebar.tsx';

const CommandPalette = lazy(() => import('./CommandPalette.tsx'));
const Toasts = lazy(() => import('../ui/Toasts.tsx'));

/** What stands around every page behind sign-in. */
export function Shell() {
  const text = useText();
  const [isSearching, setIsSearching] = useState(false);
  const main = useRef<HTMLElement>(null);
  const wantsToasts = useWantsToasts();
  useLiveUpdates();
  useCommandKey(() => setIsSearching((open) => !open));
  useFocusOnNewPage(main);

  return (
    <>
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-md bg-ink px-3 py-2 text-sm font-medium text-inverse focus:translate-y-0"
      >
        {text.shell.skipToContent}
      </a>
      <div className="flex min-h-dvh">
        <Sidebar onSearch={() => setIsSearching(true)} />
        <div className="flex min-w-0 flex-1 flex-col">
          <TopBar onSearch={() => setIsSearching(true)} />
          <Banners />
          <main ref={main} id="content" tabIndex={-1} className="flex-1 pb-16 outline-none lg:pb-0">
            <Outlet />
          </main>
        </div>
      </div>
      <BottomBar />
      <Suspense>
        {wantsToasts && <Toasts />}
        {isSearching && <CommandPalette onClose={() => setIsSearching(false)} />}
      </Suspense>
    </>
  );
}

function useCommandKey(toggle: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      toggle();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });
}

// A screen reader then reads the new page from its start; on the first page the browser does so by itself.
function useFocusOnNewPage(main: React.RefObject<HTMLElement | null>): void {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe('onResolved', ({ fromLocation, pathChanged }) => {
        if (fromLocation !== undefined && pathChanged) main.current?.focus({ preventScroll: true });
      }),
    [main, router],
  );
}
