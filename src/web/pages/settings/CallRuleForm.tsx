import type { FormEvent, ReactNode } from 'react';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';
import { Problem } from '../../ui/Problem.tsx';

type CallRuleFormProps = {
  title: string;
  lead: string;
  saveLabel: string;
  saving: { isPending: boolean; error: Error | null };
  hasChanges: boolean;
  onSubmit: () => void;
  onDiscard: () => void;
  children: ReactNode;
};

/** What the forms of the call rules share: who may change them, what went wrong, save and discard. */
export function CallRuleForm({ title, lead, saveLabel, saving, hasChanges, children, ...on }: CallRuleFormProps) {
  const { callRules, words } = useText();
  const mayEdit = useMay('admin');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    on.onSubmit();
  };
  return (
    <Card title={title} lead={lead}>
      <form onSubmit={submit} noValidate>
        <fieldset disabled={!mayEdit || saving.isPending} className="flex max-w-lg flex-col gap-4">
          {children}
          {saving.error !== null && <Problem error={saving.error} />}
          {mayEdit ? (
            <div className="flex gap-2">
              <Button kind="primary" type="submit" busy={saving.isPending} disabled={!hasChanges}>
                {saveLabel}
              </Button>
              {hasChanges && (
                <Button kind="quiet" onClick={on.onDiscard}>
                  {words.discard}
                </Button>
              )}
            </div>
          ) : (
            <p className="text-sm text-muted">{callRules.needsAdmin}</p>
          )}
        </fieldset>
      </form>
    </Card>
  );
}
