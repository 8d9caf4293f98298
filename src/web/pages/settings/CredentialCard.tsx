import { KeyRound } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';

type Status = {
  configured: boolean;
  source: 'tenant' | 'environment' | null;
  last4: string | null;
  updated_at: string | null;
};

type CredentialCardProps = {
  title: string;
  lead: string;
  status: Status;
  /** Shown beside the last characters: the account, for one. */
  more?: ReactNode;
  onRemove: () => void;
  form: (close: () => void) => ReactNode;
};

/** Whether a vendor's credential is there, where it comes from, and the way to change it. It is never shown. */
export function CredentialCard({ title, lead, status, more, onRemove, form }: CredentialCardProps) {
  const { credentials, words } = useText();
  const mayEdit = useMay('admin');
  const [isEditing, setIsEditing] = useState(!status.configured);
  return (
    <Card
      title={title}
      lead={lead}
      actions={
        <Badge tone={status.configured ? 'good' : 'warn'}>
          {status.configured ? credentials.configured : credentials.notConfigured}
        </Badge>
      }
    >
      {status.configured && (
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <span aria-hidden className="flex size-9 items-center justify-center rounded-md bg-hover text-muted">
            <KeyRound className="size-4" />
          </span>
          <div className="min-w-0 flex-1">
            <p className="font-mono text-sm">
              ···· ···· {status.last4}
              <span className="sr-only"> {credentials.endsWith(status.last4 ?? '')}</span>
            </p>
            <p className="text-xs text-muted">
              {status.source === 'environment' ? credentials.fromEnvironment : credentials.fromTenant}
              {status.updated_at !== null && (
                <>
                  {' · '}
                  <Age at={status.updated_at} />
                </>
              )}
            </p>
            {more}
          </div>
          {mayEdit && !isEditing && (
            <div className="flex gap-2">
              {status.source === 'tenant' && (
                <Button size="small" kind="quiet" onClick={onRemove}>
                  {words.remove}
                </Button>
              )}
              <Button size="small" onClick={() => setIsEditing(true)}>
                {credentials.replace}
              </Button>
            </div>
          )}
        </div>
      )}
      {!mayEdit && <p className="mt-2 text-sm text-muted">{credentials.needsAdmin}</p>}
      {mayEdit && isEditing && (
        <div className={status.configured ? 'mt-5 border-t border-line pt-5' : ''}>
          {form(() => setIsEditing(false))}
        </div>
      )}
    </Card>
  );
}
