import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import type { callLimitsSchema } from '../../../features/calls/contract.ts';
import { api } from '../../api/api.ts';
import { useText } from '../../text/text.tsx';
import { useDraft } from '../../ui/draft.ts';
import { TextField } from '../../ui/Field.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { CallRuleForm } from './CallRuleForm.tsx';

type CallLimits = z.output<typeof callLimitsSchema>;
type Draft = { countries: string; perUser: string; perTenant: string };

const COUNTRY = /^[A-Z]{2}$/;
const WHOLE = /^\d{1,7}$/;

/** Against toll fraud: a stolen password must not be able to ring the world all night. */
export function CallLimitsForm({ limits }: { limits: CallLimits }) {
  const { callRules, settings } = useText();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useDraft<Draft>('call-rules/limits');
  const [isTried, setIsTried] = useState(false);
  const current = draft ?? draftOf(limits);
  const change = (changes: Partial<Draft>) => setDraft({ ...current, ...changes });
  const wrong = countriesOf(current.countries).find((code) => !COUNTRY.test(code));
  const isWhole = WHOLE.test(current.perUser) && WHOLE.test(current.perTenant);
  const save = useMutation({
    mutationFn: () =>
      api.calls.putLimits({
        countries: countriesOf(current.countries),
        calls_per_user_per_day: Number(current.perUser),
        calls_per_tenant_per_day: Number(current.perTenant),
      }),
    onSuccess: (saved) => {
      queryClient.setQueryData(['call-rules', 'limits'], saved);
      setDraft(undefined);
      toastSuccess(callRules.limitsSaved);
    },
  });
  const submit = () => {
    setIsTried(true);
    if (wrong === undefined && isWhole && !save.isPending) save.mutate();
  };
  const wholeError = (value: string) => (isTried && !WHOLE.test(value) ? settings.notWhole : undefined);
  return (
    <CallRuleForm
      title={callRules.limitsTitle}
      lead={callRules.limitsLead}
      saveLabel={callRules.saveLimits}
      saving={save}
      hasChanges={draft !== undefined}
      onSubmit={submit}
      onDiscard={() => setDraft(undefined)}
    >
      <TextField
        label={callRules.countries}
        hint={callRules.countriesHint}
        error={wrong === undefined ? undefined : callRules.countryWrong(wrong)}
        autoCapitalize="characters"
        spellCheck={false}
        value={current.countries}
        onChange={(event) => change({ countries: event.target.value })}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label={callRules.perUser}
          inputMode="numeric"
          error={wholeError(current.perUser)}
          value={current.perUser}
          onChange={(event) => change({ perUser: event.target.value })}
        />
        <TextField
          label={callRules.perTenant}
          inputMode="numeric"
          error={wholeError(current.perTenant)}
          value={current.perTenant}
          onChange={(event) => change({ perTenant: event.target.value })}
        />
      </div>
    </CallRuleForm>
  );
}

function draftOf(limits: CallLimits): Draft {
  return {
    countries: limits.countries.join(', '),
    perUser: String(limits.calls_per_user_per_day),
    perTenant: String(limits.calls_per_tenant_per_day),
  };
}

function countriesOf(typed: string): string[] {
  return [
    ...new Set(
      typed
        .toUpperCase()
        .split(/[\s,;]+/)
        .filter(Boolean),
    ),
  ];
}
