import { Clock, Lock, WifiOff } from 'lucide-react';
import { ApiError } from '../../client-transport.ts';
import { paths } from '../paths.ts';
import type { Text } from '../text/en.ts';
import { useText } from '../text/text.tsx';
import { Button, LinkButton } from './Button.tsx';
import { useCountdown } from './clock.ts';
import { CopyId } from './CopyId.tsx';
import { Notice } from './Notice.tsx';

type ProblemProps = { error: Error; onRetry?: (() => void) | undefined; title?: string };

/** A failure in a sentence that a person understands, with what can be done about it. */
export function Problem({ error, onRetry, title }: ProblemProps) {
  const text = useText();
  const isOffline = error instanceof ApiError && error.code === 'offline';
  const isForbidden = error instanceof ApiError && error.status === 403;
  if (error instanceof ApiError && error.code === 'rate_limited') return <RateLimited error={error} />;
  return (
    <Notice
      tone={isForbidden ? 'warn' : 'bad'}
      role="alert"
      {...(isOffline ? { icon: WifiOff } : isForbidden ? { icon: Lock } : {})}
      title={title ?? titleOf(error, text)}
      actions={
        <>
          <WayOut error={error} />
          {onRetry !== undefined && !isForbidden && (
            <Button size="small" onClick={onRetry}>
              {text.words.retry}
            </Button>
          )}
        </>
      }
    >
      <p>{sentenceFor(error, text)}</p>
      <FieldErrors error={error} />
      <CorrelationId error={error} />
    </Notice>
  );
}

/** The pause that the server asked for, counted down; the question is then asked again by itself. */
export function RateLimited({ error }: { error: ApiError }) {
  const text = useText();
  const seconds = useCountdown(error.retryAfterMs ?? 5000);
  return (
    <Notice tone="warn" icon={Clock} title={text.problems.titles.rateLimited}>
      <p className="tabular-nums">{text.problems.rateLimited(seconds)}</p>
    </Notice>
  );
}

export function CorrelationId({ error }: { error: Error }) {
  const { words } = useText();
  if (!(error instanceof ApiError) || error.correlationId === '') return null;
  return (
    <p className="mt-1 flex flex-wrap items-center gap-x-1 text-xs text-muted">
      {words.correlationId}
      <CopyId value={error.correlationId} what={words.correlationId} />
    </p>
  );
}

/** The sentence for an error: AVA's own where this build knows the code, else the server's. */
export function sentenceFor(error: Error, text: Text): string {
  if (!(error instanceof ApiError)) return text.problems.crashedBody;
  if (error.code === 'rate_limited') return text.problems.rateLimited(Math.ceil((error.retryAfterMs ?? 5000) / 1000));
  return text.problems.codes[error.code] || error.message;
}

function titleOf(error: Error, text: Text): string {
  if (!(error instanceof ApiError)) return text.problems.titles.general;
  if (error.code === 'offline') return text.problems.titles.offline;
  if (error.status === 403) return text.problems.titles.forbidden;
  if (error.status === 404) return text.problems.titles.notFound;
  return error.problem?.title ?? text.problems.titles.general;
}

function WayOut({ error }: { error: Error }) {
  const text = useText();
  if (!(error instanceof ApiError)) return null;
  if (error.code.startsWith('vapi_')) {
    return (
      <LinkButton to={paths.vapiSettings()} size="small">
        {text.problems.openVapiSettings}
      </LinkButton>
    );
  }
  if (!error.code.startsWith('twilio_')) return null;
  return (
    <LinkButton to={paths.integrations()} size="small">
      {text.problems.openIntegrations}
    </LinkButton>
  );
}

function FieldErrors({ error }: { error: Error }) {
  const fields = error instanceof ApiError ? error.problem?.errors : undefined;
  if (fields === undefined || fields.length === 0) return null;
  return (
    <ul className="mt-1 list-disc pl-4">
      {fields.map(({ field, message }) => (
        <li key={`${field} ${message}`}>
          <span className="font-mono text-xs">{field}</span> {message}
        </li>
      ))}
    </ul>
  );
}
