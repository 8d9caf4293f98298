import { Plus, X } from 'lucide-react';
import { useText } from '../../text/text.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import { classes } from '../../ui/classes.ts';
import { Select, TextField } from '../../ui/Field.tsx';
import { Switch } from '../../ui/Switch.tsx';
import type { Hours } from './routing-draft.ts';

type Opening = Hours['openings'][number];
type HoursProps = { hours: Hours | null; onChange: (hours: Hours | null) => void };

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const USUAL: Opening = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' };
const MOST_OPENINGS = 14;

export function BusinessHoursFields({ hours, onChange }: HoursProps) {
  const { numbers } = useText();
  const turn = (isOn: boolean) => onChange(isOn ? { time_zone: ownTimeZone(), openings: [USUAL] } : null);
  return (
    <div className="flex flex-col gap-4">
      <Switch label={numbers.hoursOn} checked={hours !== null} onChange={turn} />
      {hours !== null && <Openings hours={hours} onChange={onChange} />}
    </div>
  );
}

function Openings({ hours, onChange }: { hours: Hours; onChange: (hours: Hours) => void }) {
  const { numbers } = useText();
  const put = (openings: Opening[]) => onChange({ ...hours, openings });
  const zones = [...new Set([hours.time_zone, ownTimeZone(), ...Intl.supportedValuesOf('timeZone')])];
  return (
    <>
      <div className="max-w-xs">
        <Select
          label={numbers.timeZone}
          value={hours.time_zone}
          onChange={(event) => onChange({ ...hours, time_zone: event.target.value })}
        >
          {zones.map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </Select>
      </div>
      <ul className="flex flex-col gap-3">
        {hours.openings.map((opening, index) => (
          <OpeningRow
            key={index}
            opening={opening}
            onChange={(next) => put(hours.openings.map((one, at) => (at === index ? next : one)))}
            onRemove={() => put(hours.openings.filter((_, at) => at !== index))}
          />
        ))}
      </ul>
      {hours.openings.length < MOST_OPENINGS && (
        <div>
          <Button
            size="small"
            icon={<Plus aria-hidden className="size-4" />}
            onClick={() => put([...hours.openings, { days: ['sat'], from: '09:00', to: '12:00' }])}
          >
            {numbers.addOpening}
          </Button>
        </div>
      )}
    </>
  );
}

type OpeningProps = { opening: Opening; onChange: (opening: Opening) => void; onRemove: () => void };

function OpeningRow({ opening, onChange, onRemove }: OpeningProps) {
  const { numbers } = useText();
  const toggle = (day: Opening['days'][number]) => {
    const days = DAYS.filter((one) => (one === day ? !opening.days.includes(one) : opening.days.includes(one)));
    if (days.length > 0) onChange({ ...opening, days });
  };
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <div
        role="group"
        aria-label={numbers.hoursTitle}
        className="flex overflow-hidden rounded-md border border-line-strong"
      >
        {DAYS.map((day) => (
          <button
            key={day}
            type="button"
            aria-pressed={opening.days.includes(day)}
            onClick={() => toggle(day)}
            className={classes(
              'h-9 border-r border-line-strong px-2 text-xs font-medium transition-colors last:border-r-0',
              opening.days.includes(day) ? 'bg-accent-soft text-accent' : 'text-muted hover:bg-hover',
            )}
          >
            {numbers.days[day]}
          </button>
        ))}
      </div>
      <div className="flex items-center gap-2">
        <TextField
          label={numbers.from}
          hidesLabel
          type="time"
          value={opening.from}
          onChange={(event) => onChange({ ...opening, from: event.target.value })}
        />
        <span aria-hidden className="text-muted">
          –
        </span>
        <TextField
          label={numbers.to}
          hidesLabel
          type="time"
          value={opening.to}
          onChange={(event) => onChange({ ...opening, to: event.target.value })}
        />
        <IconButton label={numbers.removeOpening} onClick={onRemove}>
          <X aria-hidden className="size-4" />
        </IconButton>
      </div>
    </li>
  );
}

function ownTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
