import { Check, LogOut, Moon, Settings2, Sun, SunMoon } from 'lucide-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { DropdownMenu as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { api } from '../api/api.ts';
import { paths } from '../paths.ts';
import { signOut, takeOver } from '../session/session.ts';
import { useSession } from '../session/use-session.ts';
import { useLanguage, useText } from '../text/text.tsx';
import { chooseTheme, type Theme, useTheme } from './theme.ts';

const ITEM =
  'flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 text-sm outline-none select-none data-[highlighted]:bg-hover [&_svg]:size-4 [&_svg]:text-muted';
const THEMES: { theme: Theme; icon: ReactNode }[] = [
  { theme: 'system', icon: <SunMoon aria-hidden /> },
  { theme: 'light', icon: <Sun aria-hidden /> },
  { theme: 'dark', icon: <Moon aria-hidden /> },
];

/** The menu behind the person's name: tenant, looks, language, and the way out. Fetched when it is first opened. */
export default function AccountMenu({ onClose }: { onClose: () => void }) {
  const text = useText();
  const navigate = useNavigate();
  return (
    <Radix.Root modal={false} open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Radix.Trigger aria-hidden tabIndex={-1} className="pointer-events-none absolute inset-0 opacity-0" />
      <Radix.Content
        align="start"
        sideOffset={6}
        collisionPadding={12}
        aria-label={text.shell.account}
        className="z-50 w-64 rounded-lg bg-raised p-1.5 shadow-float"
      >
        <TenantItems />
        <ThemeItems />
        <LanguageItems />
        <Radix.Separator className="my-1.5 h-px bg-line" />
        <Radix.Item className={ITEM} onSelect={() => void navigate({ to: paths.accountSettings() })}>
          <Settings2 aria-hidden />
          {text.shell.nav.account}
        </Radix.Item>
        <Radix.Item className={ITEM} onSelect={() => void signOut()}>
          <LogOut aria-hidden />
          {text.shell.signOut}
        </Radix.Item>
      </Radix.Content>
    </Radix.Root>
  );
}

function TenantItems() {
  const { shell } = useText();
  const { tenants, tenant } = useSession();
  const queryClient = useQueryClient();
  if (tenants.length < 2) return null;
  const change = async (tenantId: string) => {
    takeOver(await api.auth.switchTenant(tenantId));
    queryClient.clear();
    location.assign(paths.now());
  };
  return (
    <>
      <Radix.Label className="px-2.5 py-1 text-xs text-muted">{shell.switchTenant}</Radix.Label>
      {tenants.map(({ id, name }) => (
        <Radix.Item key={id} className={ITEM} onSelect={() => void change(id)}>
          <span className="flex-1 truncate">{name}</span>
          {id === tenant.id && <Check aria-hidden />}
        </Radix.Item>
      ))}
      <Radix.Separator className="my-1.5 h-px bg-line" />
    </>
  );
}

function ThemeItems() {
  const { shell } = useText();
  const current = useTheme();
  return (
    <Radix.RadioGroup aria-label={shell.theme} value={current} onValueChange={(theme) => chooseTheme(theme as Theme)}>
      <Radix.Label className="px-2.5 py-1 text-xs text-muted">{shell.theme}</Radix.Label>
      {THEMES.map(({ theme, icon }) => (
        <Radix.RadioItem key={theme} value={theme} className={ITEM} onSelect={(event) => event.preventDefault()}>
          {icon}
          <span className="flex-1">{shell.themes[theme]}</span>
          <Radix.ItemIndicator>
            <Check aria-hidden />
          </Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

function LanguageItems() {
  const { shell } = useText();
  const { language, choose } = useLanguage();
  return (
    <Radix.RadioGroup
      aria-label={shell.language}
      value={language}
      onValueChange={(next) => choose(next as 'en' | 'fr')}
    >
      <Radix.Separator className="my-1.5 h-px bg-line" />
      <Radix.Label className="px-2.5 py-1 text-xs text-muted">{shell.language}</Radix.Label>
      {(['en', 'fr'] as const).map((code) => (
        <Radix.RadioItem
          key={code}
          value={code}
          lang={code}
          className={ITEM}
          onSelect={(event) => event.preventDefault()}
        >
          <span className="flex-1">{code === 'en' ? 'English' : 'Français'}</span>
          <Radix.ItemIndicator>
            <Check aria-hidden />
          </Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}
