import { ArrowUp, Plus, X } from 'lucide-react';
import { useText } from '../../text/text.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import { Select, TextArea, TextField } from '../../ui/Field.tsx';
import { Switch } from '../../ui/Switch.tsx';
import { isNumber, type Person, type RoutingDraft } from './routing-draft.ts';

type Plan = RoutingDraft['fallback'];
type FallbackProps = { plan: Plan; showsErrors: boolean; onChange: (changes: Partial<Plan>) => void };

const MOST_PEOPLE = 10;

export function FallbackFields({ plan, showsErrors, onChange }: FallbackProps) {
  const { numbers } = useText();
  return (
    <div className="flex flex-col gap-5">
      <People people={plan.people} showsErrors={showsErrors} onChange={(people) => onChange({ people })} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Select
          label={numbers.strategy}
          value={plan.strategy}
          onChange={(event) => onChange({ strategy: event.target.value as Plan['strategy'] })}
        >
          <option value="in_order">{numbers.strategies['in_order']}</option>
          <option value="all_at_once">{numbers.strategies['all_at_once']}</option>
        </Select>
        <TextField
          label={numbers.ringSeconds}
          hint={numbers.ringSecondsHint}
          type="number"
          min={5}
          max={60}
          value={plan.ring_seconds}
          error={showsErrors && (plan.ring_seconds < 5 || plan.ring_seconds > 60) ? numbers.ringSecondsHint : undefined}
          onChange={(event) => onChange({ ring_seconds: event.target.valueAsNumber || 0 })}
        />
      </div>
      <div className="flex flex-col gap-3">
        <div>
          <Switch label={numbers.confirm} checked={plan.confirm} onChange={(confirm) => onChange({ confirm })} />
          <p className="mt-0.5 ml-11.5 text-xs text-muted">{numbers.confirmHint}</p>
        </div>
        <Switch label={numbers.voicemail} checked={plan.voicemail} onChange={(voicemail) => onChange({ voicemail })} />
      </div>
      <TextArea
        label={numbers.message}
        hint={numbers.messageHint}
        maxLength={1000}
        value={plan.message}
        onChange={(event) => onChange({ message: event.target.value })}
      />
    </div>
  );
}

type PeopleProps = { people: Person[]; showsErrors: boolean; onChange: (people: Person[]) => void };

function People({ people, showsErrors, onChange }: PeopleProps) {
  const { numbers } = useText();
  const replace = (index: number, person: Person) => onChange(people.map((one, at) => (at === index ? person : one)));
  const moveUp = (index: number) => {
    const next = [...people];
    const [moved] = next.splice(index, 1);
    if (moved !== undefined) next.splice(index - 1, 0, moved);
    onChange(next);
  };
  return (
    <div>
      <p className="mb-2 text-sm font-medium">{numbers.people}</p>
      {people.length === 0 && <p className="mb-3 text-sm text-muted">{numbers.noPeople}</p>}
      <ol className="flex flex-col gap-2.5">
        {people.map((person, index) => (
          <PersonRow
            key={index}
            person={person}
            isFirst={index === 0}
            showsErrors={showsErrors}
            onChange={(next) => replace(index, next)}
            onMoveUp={() => moveUp(index)}
            onRemove={() => onChange(people.filter((_, at) => at !== index))}
          />
        ))}
      </ol>
      {people.length < MOST_PEOPLE && (
        <div className="mt-3">
          <Button
            size="small"
            icon={<Plus aria-hidden className="size-4" />}
            onClick={() => onChange([...people, { name: '', phone_number: '' }])}
          >
            {numbers.addPerson}
          </Button>
        </div>
      )}
    </div>
  );
}

type PersonProps = {
  person: Person;
  isFirst: boolean;
  showsErrors: boolean;
  onChange: (person: Person) => void;
  onMoveUp: () => void;
  onRemove: () => void;
};

function PersonRow({ person, isFirst, showsErrors, onChange, onMoveUp, onRemove }: PersonProps) {
  const { numbers } = useText();
  const who = person.name === '' ? person.phone_number : person.name;
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-start gap-2 sm:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_auto]">
      <TextField
        label={numbers.personName}
        hidesLabel
        placeholder={numbers.personName}
        maxLength={80}
        value={person.name}
        error={showsErrors && person.name.trim() === '' ? numbers.nameMissing : undefined}
        onChange={(event) => onChange({ ...person, name: event.target.value })}
      />
      <div className="max-sm:col-start-1">
        <TextField
          label={numbers.personNumber}
          hidesLabel
          type="tel"
          placeholder="+14155550134"
          value={person.phone_number}
          error={showsErrors && !isNumber(person.phone_number) ? numbers.invalidNumber : undefined}
          onChange={(event) => onChange({ ...person, phone_number: event.target.value })}
        />
      </div>
      <span className="flex pt-0.5 max-sm:col-start-2 max-sm:row-start-1">
        <IconButton label={numbers.moveUp(who)} disabled={isFirst} onClick={onMoveUp}>
          <ArrowUp aria-hidden className="size-4" />
        </IconButton>
        <IconButton label={numbers.removePerson(who)} onClick={onRemove}>
          <X aria-hidden className="size-4" />
        </IconButton>
      </span>
    </li>
  );
}
