import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError } from '../../../client-transport.ts';
import type { Routing } from '../../../features/phone-numbers/routing-contract.ts';
import { api } from '../../api/api.ts';
import { assistantsQuery } from '../../api/assistants.ts';
import { expectOwnEcho } from '../../live/echo.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';
import { useDraft } from '../../ui/draft.ts';
import { Select } from '../../ui/Field.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { BusinessHoursFields } from './BusinessHoursFields.tsx';
import { FallbackFields } from './FallbackFields.tsx';
import { cleaned, draftOf, isComplete, type RoutingDraft } from './routing-draft.ts';

const LANGUAGES = ['en-US', 'en-GB', 'de-DE', 'fr-FR', 'es-ES', 'it-IT', 'nl-NL', 'pt-PT', 'pl-PL'] as const;

/** Who answers this number, and who does when the assistant cannot. */
export function RoutingForm({ routing }: { routing: Routing }) {
  const { numbers, problems, words } = useText();
  const queryClient = useQueryClient();
  const mayEdit = useMay('editor');
  const [draft, setDraft] = useDraft<RoutingDraft>(`routing/${routing.sid}`);
  const [isTried, setIsTried] = useState(false);
  const current = draft ?? draftOf(routing);
  const isDirty = draft !== undefined;
  const key = ['numbers', 'routing', routing.sid];
  const save = useMutation({
    mutationFn: (ifMatch: string) => api.numbers.putRouting(routing.sid, cleaned(current), { ifMatch }),
    onSuccess: (saved) => {
      expectOwnEcho('numbers');
      queryClient.setQueryData(key, saved);
      void queryClient.invalidateQueries({ queryKey: ['routing-tests', routing.sid] });
      void queryClient.invalidateQueries({ queryKey: ['numbers', 'list'] });
      toastSuccess(numbers.saved);
      discard();
    },
  });
  const discard = () => {
    save.reset();
    setIsTried(false);
    setDraft(undefined);
  };
  const change = (changes: Partial<RoutingDraft>) => setDraft({ ...current, ...changes });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (isComplete(current) && !save.isPending) save.mutate(routing.etag);
  };
  const reload = () => {
    discard();
    void queryClient.invalidateQueries({ queryKey: key });
  };
  const conflict = save.error instanceof ApiError && save.error.status === 412 ? save.error : undefined;

  return (
    <form onSubmit={submit} noValidate className="flex min-w-0 flex-col gap-5">
      <fieldset disabled={!mayEdit || save.isPending} className="flex min-w-0 flex-col gap-5">
        <Card title={numbers.routingTitle}>
          <RoutingFields draft={current} onChange={change} />
        </Card>
        <Card title={numbers.fallbackTitle} lead={numbers.fallbackLead}>
          <FallbackFields
            plan={current.fallback}
            showsErrors={isTried}
            onChange={(fallback) => change({ fallback: { ...current.fallback, ...fallback } })}
          />
        </Card>
        <Card title={numbers.hoursTitle}>
          <BusinessHoursFields hours={current.business_hours} onChange={(hours) => change({ business_hours: hours })} />
        </Card>
      </fieldset>
      {conflict !== undefined && (
        <Notice
          tone="warn"
          role="alert"
          actions={
            <>
              <Button size="small" onClick={reload}>
                {numbers.takeTheirs}
              </Button>
              <Button size="small" onClick={() => save.mutate('*')}>
                {numbers.saveMine}
              </Button>
            </>
          }
        >
          {numbers.conflict}
        </Notice>
      )}
      {save.error !== null && conflict === undefined && <Problem error={save.error} title={problems.titles.action} />}
      {isDirty && (
        <div className="sticky bottom-16 z-10 flex items-center justify-between gap-3 rounded-lg bg-raised px-4 py-3 shadow-float lg:bottom-4">
          <p className="text-sm text-muted">{words.unsaved}</p>
          <div className="flex gap-2">
            <Button kind="quiet" disabled={save.isPending} onClick={discard}>
              {words.discard}
            </Button>
            <Button kind="primary" type="submit" busy={save.isPending}>
              {numbers.save}
            </Button>
          </div>
        </div>
      )}
    </form>
  );
}

type FieldsProps = { draft: RoutingDraft; onChange: (changes: Partial<RoutingDraft>) => void };

function RoutingFields({ draft, onChange }: FieldsProps) {
  const { numbers } = useText();
  const { data } = useQuery(assistantsQuery);
  // A number that AVA begins to route gets the default assistant, unless somebody chooses another.
  const withAssistant = (mode: RoutingDraft['mode']): Partial<RoutingDraft> => {
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
