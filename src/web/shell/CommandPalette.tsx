import { useNavigate } from '@tanstack/react-router';
import { Languages, LogOut, Moon, Search, Sun, type LucideIcon } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { useId, useState, type KeyboardEvent } from 'react';
import { paths } from '../paths.ts';
import { signOut } from '../session/session.ts';
import { useMay } from '../session/use-session.ts';
import { useLanguage, useText } from '../text/text.tsx';
import { useIsPainted } from '../ui/after-paint.ts';
import { classes } from '../ui/classes.ts';
import { PLACES } from './navigation.ts';
import { chooseTheme } from './theme.ts';

type Command = { name: string; icon: LucideIcon; run: () => void };

/** Goes anywhere, and does the common things, by typing. */
export default function CommandPalette({ onClose }: { onClose: () => void }) {
  const { shell } = useText();
  const listId = useId();
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState(0);
  const found = matching(useCommands(), typed);
  const isPainted = useIsPainted();
  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Enter') run(found[chosen]);
    else if (step !== undefined) setChosen((at) => (at + step + found.length) % Math.max(1, found.length));
    else return;
    event.preventDefault();
  };

  if (!isPainted) return null;
  return (
    <Radix.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="overlay fixed inset-0 z-40 bg-[rgb(15_16_18/0.42)]" />
        <Radix.Content className="dialog fixed inset-x-3 top-[12vh] z-50 mx-auto max-w-lg overflow-hidden rounded-xl bg-raised shadow-float outline-none">
          <Radix.Title className="sr-only">{shell.palette.open}</Radix.Title>
          <Radix.Description className="sr-only">{shell.palette.hint}</Radix.Description>
          <div className="flex items-center gap-3 border-b border-line px-4">
            <Search aria-hidden className="size-4.5 text-faint" />
            <input
              role="combobox"
              aria-expanded
              aria-controls={listId}
              aria-activedescendant={found[chosen] === undefined ? undefined : `${listId}-${chosen}`}
              aria-label={shell.palette.open}
              placeholder={shell.palette.placeholder}
              value={typed}
              onChange={(event) => {
                setTyped(event.target.value);
                setChosen(0);
              }}
              onKeyDown={onKeyDown}
              className="h-12 flex-1 bg-transparent text-lg outline-none"
            />
          </div>
          <ul id={listId} role="listbox" aria-label={shell.palette.open} className="max-h-80 overflow-y-auto p-1.5">
            {found.map((command, index) => (
              <CommandRow
                key={command.name}
                id={`${listId}-${index}`}
                command={command}
                isChosen={index === chosen}
                onPoint={() => setChosen(index)}
                onRun={() => run(command)}
              />
            ))}
          </ul>
          {found.length === 0 && <p className="px-4 pb-5 text-muted">{shell.palette.empty}</p>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

type RowProps = { id: string; command: Command; isChosen: boolean; onPoint: () => void; onRun: () => void };

function CommandRow({ id, command, isChosen, onPoint, onRun }: RowProps) {
  const Icon = command.icon;
  return (
    <li
      id={id}
      role="option"
      aria-selected={isChosen}
      onPointerMove={onPoint}
      onClick={onRun}
      className={classes('flex h-10 cursor-pointer items-center gap-3 rounded-md px-3', isChosen && 'bg-hover')}
    >
      <Icon aria-hidden className="size-4 text-muted" />
      {command.name}
    </li>
  );
}

function useCommands(): Command[] {
  const text = useText();
  const navigate = useNavigate();
  const { language, choose } = useLanguage();
  const isOperator = useMay('operator');
  const go = (to: string) => () => void navigate({ to });
  const pages = PLACES.filter((place) => place.needs !== 'operator' || isOperator).map((place) => ({
    name: place.name(text),
    icon: place.icon,
    run: go(place.to),
  }));
  return [
    ...pages,
    { name: text.shell.nav.vapiRemoteSettings, icon: Search, run: go(paths.vapiRemoteSettings()) },
    { name: text.shell.nav.vapi, icon: Search, run: go(paths.vapiSettings()) },
    { name: `${text.shell.theme}: ${text.shell.themes.light}`, icon: Sun, run: () => chooseTheme('light') },
    { name: `${text.shell.theme}: ${text.shell.themes.dark}`, icon: Moon, run: () => chooseTheme('dark') },
    {
      name: language === 'en' ? 'Français' : 'English',
      icon: Languages,
      run: () => choose(language === 'en' ? 'fr' : 'en'),
    },
    { name: text.shell.signOut, icon: LogOut, run: () => void signOut() },
  ];
}

function matching(commands: Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return commands.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
}
