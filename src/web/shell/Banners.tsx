import { onlineManager, useQuery } from '@tanstack/react-query';
import { FlaskConical, WifiOff } from 'lucide-react';
import { useSyncExternalStore, type ReactNode } from 'react';
import { systemInfoQuery } from '../api/system-info.ts';
import { useText } from '../text/text.tsx';

/** What holds for every page: stub mode, and no connection. */
export function Banners() {
  const { problems, shell } = useText();
  const info = useQuery(systemInfoQuery);
  const isOnline = useIsOnline();
  return (
    <>
      {info.data?.stub_mode === true && (
        <Strip icon={<FlaskConical aria-hidden className="size-4 shrink-0" />} look="bg-warn-soft text-warn">
          <strong className="font-semibold">{shell.demoTitle}.</strong> {shell.demoBody}
        </Strip>
      )}
      {!isOnline && (
        <Strip icon={<WifiOff aria-hidden className="size-4 shrink-0" />} look="bg-hover text-ink">
          {problems.offlineBanner}
        </Strip>
      )}
    </>
  );
}

function Strip({ icon, look, children }: { icon: ReactNode; look: string; children: ReactNode }) {
  return (
    <div
      role="status"
      className={`flex items-center justify-center gap-2 border-b border-line px-4 py-1.5 text-sm ${look}`}
    >
      {icon}
      <p>{children}</p>
    </div>
  );
}

function useIsOnline(): boolean {
  return useSyncExternalStore(
    (listener) => onlineManager.subscribe(listener),
    () => onlineManager.isOnline(),
  );
}
