import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { Routing } from '../../../features/phone-numbers/routing-contract.ts';
import { api } from '../../api/api.ts';
import { assistantsQuery } from '../../api/assistants.ts';
import { expectOwnEcho } from '../../live/echo.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Card } from '../../ui/Card.tsx';
import { Select } from '../../ui/Field.tsx';
import { type Stand, useMergedSave } from '../../ui/merged-save.ts';
import { MergedForm } from '../../ui/MergedForm.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { BusinessHoursFields } from './BusinessHoursFields.tsx';
import { FallbackFields } from './FallbackFields.tsx';
import {
  cleaned,
  draftFrom,
  draftOf,
  fieldsOf,
  isComplete,
  type RoutingDraft,
  type RoutingFields,
} from './routing-draft.ts';
import { namesOf, wordsFor } from './routing-words.ts';

const LANGUAGES = ['en-US', 'en-GB', 'de-DE', 'fr-FR', 'es-ES', 'it-IT', 'nl-NL', 'pt-PT', 'pl-PL'] as const;

/** Who answers this number, and who does when the assistant cannot. */
export function RoutingForm({ routing }: { routing: Routing }) {
  const text = useText();
  const { numbers } = text;
  const queryClient = useQueryClient();
  const mayEdit = useMay('editor');
  const assistants = useQuery(assistantsQuery).data?.assistants ?? [];
  const { sid } = routing;
  const form = useMergedSave<RoutingFields, Routing>({
    draftId: `routing/${sid}`,
    saved: standOf(routing),
    load: async () => standOf(await api.numbers.routing(sid)),
    send: ({ etag, fields }) => api.numbers.putRouting(sid, cleaned(draftFrom(fields)), { ifMatch: etag }),
    onSaved: (saved) => {
      expectOwnEcho('numbers');
      queryClient.setQueryData(['numbers', 'routing', sid], saved);
      void queryClient.invalidateQueries({ queryKey: ['routing-tests'] });
      void queryClient.invalidateQueries({ queryKey: ['numbers', 'list'] });
      toastSuccess(numbers.saved);
    },
  });
  const current = draftFrom(form.fields);
  return (
    <MergedForm
      form={form}
      isComplete={isComplete(current)}
      mayEdit={mayEdit}
      saveLabel={numbers.save}
      nameOf={(field) => namesOf(text)[field]}
      wordsFor={(field, value) => wordsFor(field, value, text, assistants)}
    >
      <Card title={numbers.routingTitle}>
        <RoutingFieldset draft={current} onChange={form.change} />
      </Card>
      <Card title={numbers.fallbackTitle} lead={numbers.fallbackLead}>
        <FallbackFields plan={current.fallback} showsErrors={form.isTried} onChange={form.change} />
      </Card>
      <Card title={numbers.hoursTitle}>
        <BusinessHoursFields
          hours={current.business_hours}
          onChange={(hours) => form.change({ business_hours: hours })}
        />
      </Card>
    </MergedForm>
  );
}

function standOf(routing: Routing): Stand<RoutingFields> {
  return { fields: fieldsOf(draftOf(routing)), etag: routing.etag, by: routing.updated_by };
}

type Changes = Partial<Omit<RoutingDraft, 'fallback'>>;
type FieldsProps = { draft: RoutingDraft; onChange: (changes: Changes) => void };

function RoutingFieldset({ draft, onChange }: FieldsProps) {
  const { numbers } = useText();
  const { data } = useQuery(assistantsQuery);
  // A number that AVA begins to route gets the default assistant, unless somebody chooses another.
  const withAssistant = (mode: RoutingDraft['mode']): Changes => {
    const usual = data?.assistants.find((assistant) => assistant.default)?.assistant_id ?? null;
    const isBeginning = draft.mode === 'off' && draft.assistant_id === null;
    return { mode, ...(isBeginning ? { assistant_id: usual } : {}) };
  };
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <div className="sm:col-span-2">
        <Select
          label={numbers.mode}
          hint={numbers.modeExplains[draft.mode]}
          value={draft.mode}
          onChange={(event) => onChange(withAssistant(event.target.value as RoutingDraft['mode']))}
        >
          {(['front_door', 'flip', 'off'] as const).map((mode) => (
            <option key={mode} value={mode}>
              {numbers.modes[mode]}
            </option>
          ))}
        </Select>
      </div>
      <Select
        label={numbers.assistant}
        value={draft.assistant_id ?? ''}
        onChange={(event) => onChange({ assistant_id: event.target.value === '' ? null : event.target.value })}
      >
        <option value="">{numbers.noAssistant}</option>
        {(data?.assistants ?? []).map(({ assistant_id: id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Select>
      <Select
        label={numbers.answers}
        value={draft.assistant_answers}
        onChange={(event) => onChange({ assistant_answers: event.target.value as RoutingDraft['assistant_answers'] })}
      >
        {(['always', 'in_hours', 'outside_hours'] as const).map((when) => (
          <option key={when} value={when}>
            {numbers.answersWhen[when]}
          </option>
        ))}
      </Select>
      <Select
        label={numbers.language}
        value={draft.language}
        onChange={(event) => onChange({ language: event.target.value as RoutingDraft['language'] })}
      >
        {LANGUAGES.map((language) => (
          <option key={language} value={language}>
            {new Intl.DisplayNames(document.documentElement.lang, { type: 'language' }).of(language)}
          </option>
        ))}
      </Select>
    </div>
  );
}
