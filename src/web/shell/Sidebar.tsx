import { Link } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { useMay, useSession } from '../session/use-session.ts';
import { useText } from '../text/text.tsx';
import { AccountButton } from './AccountButton.tsx';
import { LiveMark } from './LiveMark.tsx';
import { Mark } from './Mark.tsx';
import { type Place, SECTIONS } from './navigation.ts';

/** The navigation of wide screens. */
export function Sidebar({ onSearch }: { onSearch: () => void }) {
  const text = useText();
  const { tenant } = useSession();
  return (
    <aside className="sticky top-0 z-30 hidden h-dvh w-60 shrink-0 flex-col border-r border-line bg-canvas lg:flex">
      <div className="flex items-center gap-2.5 px-5 pt-5 pb-4">
        <Mark className="size-7" />
        <div className="min-w-0 leading-tight">
          <p className="font-semibold tracking-[-0.01em]">{text.shell.product}</p>
          <p className="truncate text-xs text-muted">{tenant.name}</p>
        </div>
      </div>
      <div className="px-3 pb-3">
        <button
          type="button"
          onClick={onSearch}
          className="flex h-8 w-full items-center gap-2 rounded-md border border-line bg-surface px-2.5 text-sm text-muted shadow-card transition-colors hover:border-line-strong"
        >
          <Search aria-hidden className="size-4" />
          <span className="flex-1 text-left">{text.words.search}</span>
          <kbd aria-hidden className="rounded-sm border border-line px-1 font-sans text-[0.6875rem] text-faint">
            Ctrl K
          </kbd>
        </button>
      </div>
      <NavigationList />
      <div className="mt-auto border-t border-line p-3">
        <LiveMark />
        <AccountButton />
      </div>
    </aside>
  );
}

/** All places by section; the drawer of narrow screens shows it too. */
export function NavigationList({ onGo }: { onGo?: () => void }) {
  const text = useText();
  return (
    <nav aria-label={text.shell.mainNavigation} className="min-h-0 flex-1 overflow-y-auto px-3 pb-4">
      {SECTIONS.map((section, index) => (
        <div key={section.title(text)} className={index === 0 ? '' : 'mt-5'}>
          {index > 0 && <p className="px-2.5 pb-1 text-xs font-medium text-faint">{section.title(text)}</p>}
          <ul className="space-y-px">
            {section.places.map((place) => (
              <PlaceLink key={place.to} place={place} {...(onGo === undefined ? {} : { onGo })} />
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function PlaceLink({ place, onGo }: { place: Place; onGo?: () => void }) {
  const text = useText();
  const may = useMay(place.needs ?? 'viewer');
  if (!may) return null;
  const Icon = place.icon;
  return (
    <li>
      <Link
        to={place.to}
        activeOptions={{ exact: place.exact ?? false }}
        {...(onGo === undefined ? {} : { onClick: onGo })}
        className="flex h-8 items-center gap-2.5 rounded-md px-2.5 text-sm font-medium text-muted transition-colors hover:bg-hover hover:text-ink data-[status=active]:bg-hover data-[status=active]:text-ink data-[status=active]:[&_svg]:text-accent max-lg:h-11"
      >
        <Icon aria-hidden className="size-4 shrink-0" strokeWidth={1.9} />
        {place.name(text)}
      </Link>
    </li>
  );
}
