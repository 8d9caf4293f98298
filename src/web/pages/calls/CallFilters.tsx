import { Search } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useText } from '../../text/text.tsx';
import { Select, TextField } from '../../ui/Field.tsx';
import { useSearchParam, useSetSearch } from '../../ui/search-param.ts';

const OUTCOMES = ['ai', 'person', 'voicemail', 'sentence', 'nobody', 'failed'];
const TYPING_PAUSE_MS = 500;

export function CallFilters() {
  const { calls, outcomes, words } = useText();
  const setSearch = useSetSearch();
  return (
    <div
      role="search"
      aria-label={calls.filters}
      className="grid grid-cols-2 gap-3 lg:grid-cols-[minmax(0,1fr)_10rem_9.5rem_9rem_8.5rem]"
    >
      <WordSearch />
      <NumberSearch />
      <Select
        label={calls.outcome}
        hidesLabel
        value={useSearchParam('outcome') ?? ''}
        onChange={(event) => setSearch({ outcome: event.target.value })}
      >
        <option value="">{`${calls.outcome}: ${words.all}`}</option>
        {OUTCOMES.map((outcome) => (
          <option key={outcome} value={outcome}>
            {outcomes[outcome]}
          </option>
        ))}
      </Select>
      <Select
        label={calls.direction}
        hidesLabel
        value={useSearchParam('direction') ?? ''}
        onChange={(event) => setSearch({ direction: event.target.value })}
      >
        <option value="">{`${calls.direction}: ${words.all}`}</option>
        <option value="inbound">{calls.inbound}</option>
        <option value="outbound">{calls.outbound}</option>
      </Select>
      <div className="max-lg:col-span-2">
        <Select
          label={calls.reading}
          hidesLabel
          value={useSearchParam('unread') ?? ''}
          onChange={(event) => setSearch({ unread: event.target.value })}
        >
          <option value="">{`${calls.reading}: ${words.all}`}</option>
          <option value="true">{calls.unreadOnly}</option>
        </Select>
      </div>
    </div>
  );
}

function WordSearch() {
  const { calls } = useText();
  const [typed, setTyped] = useTypedParam('q');
  return (
    <div className="relative max-lg:col-span-2">
      <Search aria-hidden className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-faint" />
      <TextField
        label={calls.searchLabel}
        hidesLabel
        type="search"
        maxLength={200}
        placeholder={calls.searchPlaceholder}
        className="pl-8.5"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </div>
  );
}

function NumberSearch() {
  const { calls } = useText();
  const [typed, setTyped] = useTypedParam('number');
  return (
    <div className="max-lg:col-span-2">
      <TextField
        label={calls.number}
        hidesLabel
        type="tel"
        maxLength={32}
        placeholder={calls.numberPlaceholder}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </div>
  );
}

/** What is being typed; it reaches the address, and with it the server, once the typing pauses. */
function useTypedParam(name: string): [string, (typed: string) => void] {
  const inAddress = useSearchParam(name) ?? '';
  const setSearch = useSetSearch();
  const [typed, setTyped] = useState(inAddress);
  const [seen, setSeen] = useState(inAddress);
  if (seen !== inAddress) {
    setSeen(inAddress);
    setTyped(inAddress);
  }
  useEffect(() => {
    if (typed.trim() === inAddress) return undefined;
    const timer = setTimeout(() => setSearch({ [name]: typed.trim() }), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  });
  return [typed, setTyped];
}
