import { useMutation } from '@tanstack/react-query';
import { Eye, EyeOff } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { ApiError } from '../../../client-transport.ts';
import { signIn } from '../../session/session.ts';
import type { Text } from '../../text/en.ts';
import { useText } from '../../text/text.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import { FieldFrame, TextField } from '../../ui/Field.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { CorrelationId, sentenceFor } from '../../ui/Problem.tsx';

/** E-mail and password. With `email` given, that person signs in again. */
export function SignInForm({ email: known }: { email?: string }) {
  const text = useText();
  const [email, setEmail] = useState(known ?? '');
  const [password, setPassword] = useState('');
  const [isTried, setIsTried] = useState(false);
  const attempt = useMutation({ mutationFn: signIn });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (email.trim() !== '' && password !== '') attempt.mutate({ email: email.trim(), password });
  };
  const missing = (value: string) => (isTried && value.trim() === '' ? text.signIn.required : undefined);

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      {attempt.error !== null && (
        <Notice tone="bad" role="alert">
          <p>{failureOf(attempt.error, text)}</p>
          <CorrelationId error={attempt.error} />
        </Notice>
      )}
      <TextField
        label={text.signIn.email}
        type="email"
        name="email"
        autoComplete="username"
        autoFocus={known === undefined}
        value={email}
        error={missing(email)}
        onChange={(event) => setEmail(event.target.value)}
      />
      <PasswordField value={password} error={missing(password)} hasFocus={known !== undefined} onChange={setPassword} />
      <Button kind="primary" type="submit" busy={attempt.isPending} className="mt-1 h-10">
        {attempt.isPending ? text.signIn.submitting : text.signIn.submit}
      </Button>
    </form>
  );
}

type PasswordProps = { value: string; error: string | undefined; hasFocus: boolean; onChange: (value: string) => void };

function PasswordField({ value, error, hasFocus, onChange }: PasswordProps) {
  const { signIn: words } = useText();
  const [isShown, setIsShown] = useState(false);
  return (
    <FieldFrame label={words.password} {...(error === undefined ? {} : { error })}>
      {(ids) => (
        <div className="relative">
          <input
            {...ids}
            type={isShown ? 'text' : 'password'}
            name="password"
            autoComplete="current-password"
            autoFocus={hasFocus}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            className="field h-9 pr-10"
          />
          <IconButton
            label={isShown ? words.hidePassword : words.showPassword}
            onClick={() => setIsShown(!isShown)}
            className="absolute top-0.5 right-0.5"
          >
            {isShown ? <EyeOff aria-hidden className="size-4" /> : <Eye aria-hidden className="size-4" />}
          </IconButton>
        </div>
      )}
    </FieldFrame>
  );
}

function failureOf(error: Error, text: Text): string {
  if (!(error instanceof ApiError)) return sentenceFor(error, text);
  if (error.code === 'sign_in_failed' || error.code === 'unauthenticated') return text.signIn.failed;
  if (error.status === 429) return text.signIn.throttled(Math.ceil((error.retryAfterMs ?? 30_000) / 1000));
  return sentenceFor(error, text);
}
