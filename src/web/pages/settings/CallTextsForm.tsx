import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { CallTexts } from '../../../features/calls/contract.ts';
import { api } from '../../api/api.ts';
import { useText } from '../../text/text.tsx';
import { useDraft } from '../../ui/draft.ts';
import { Select, TextField } from '../../ui/Field.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { CallRuleForm } from './CallRuleForm.tsx';

type Draft = { when: CallTexts['when']; to: string; perDay: string };

const WHENS: CallTexts['when'][] = ['never', 'voicemail', 'every_call'];
const NUMBER = /^\+[1-9]\d{6,14}$/;
const PER_DAY = /^[1-9]\d{0,3}$/;
const MOST_NUMBERS = 5;

/** Who is texted after a call. Each text costs money, so none leaves until somebody asks for it. */
export function CallTextsForm({ texts }: { texts: CallTexts }) {
  const { callRules } = useText();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useDraft<Draft>('call-rules/texts');
  const [isTried, setIsTried] = useState(false);
  const current = draft ?? draftOf(texts);
  const change = (changes: Partial<Draft>) => setDraft({ ...current, ...changes });
  const save = useMutation({
    mutationFn: () =>
      api.calls.putTexts({ when: current.when, to: numbersOf(current.to), per_day: Number(current.perDay) }),
    onSuccess: (saved) => {
      queryClient.setQueryData(['call-rules', 'texts'], saved);
      setDraft(undefined);
      setIsTried(false);
      toastSuccess(callRules.textsSaved);
    },
  });
  const numbersWrong = useNumbersWrong(current);
  const perDayWrong = PER_DAY.test(current.perDay) ? undefined : callRules.textsPerDayWrong;
  const submit = () => {
    setIsTried(true);
    if (numbersWrong === undefined && perDayWrong === undefined && !save.isPending) save.mutate();
  };
  return (
    <CallRuleForm
      title={callRules.textsTitle}
      lead={callRules.textsLead}
      saveLabel={callRules.saveTexts}
      saving={save}
      hasChanges={draft !== undefined}
      onSubmit={submit}
      onDiscard={() => setDraft(undefined)}
    >
      <Select
        label={callRules.textsWhen}
        value={current.when}
        onChange={(event) => change({ when: event.target.value as CallTexts['when'] })}
      >
        {WHENS.map((when) => (
          <option key={when} value={when}>
            {callRules.textsWhens[when]}
          </option>
        ))}
      </Select>
      {current.when !== 'never' && (
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            label={callRules.textsTo}
            hint={callRules.textsToHint}
            error={isTried ? numbersWrong : undefined}
            inputMode="tel"
            spellCheck={false}
            value={current.to}
            onChange={(event) => change({ to: event.target.value })}
          />
          <TextField
            label={callRules.textsPerDay}
            inputMode="numeric"
            error={isTried ? perDayWrong : undefined}
            value={current.perDay}
            onChange={(event) => change({ perDay: event.target.value })}
          />
        </div>
      )}
    </CallRuleForm>
  );
}

function useNumbersWrong({ when, to }: Draft): string | undefined {
  const { callRules } = useText();
  const numbers = numbersOf(to);
  const wrong = numbers.find((number) => !NUMBER.test(number));
  if (wrong !== undefined) return callRules.textsNumberWrong(wrong);
  if (numbers.length > MOST_NUMBERS) return callRules.textsTooMany(MOST_NUMBERS);
  return when !== 'never' && numbers.length === 0 ? callRules.textsNobody : undefined;
}

function draftOf(texts: CallTexts): Draft {
  return { when: texts.when, to: texts.to.join(', '), perDay: String(texts.per_day) };
}

/** People write numbers with spaces, dots and brackets. */
function numbersOf(typed: string): string[] {
  const numbers = typed.split(/[,;\n]+/).map((number) => number.replaceAll(/[\s().-]/g, ''));
  return [...new Set(numbers.filter(Boolean))];
}
