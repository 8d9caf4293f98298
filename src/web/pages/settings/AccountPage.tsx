import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/api.ts';
import { chooseTheme, type Theme, useTheme } from '../../shell/theme.ts';
import { useLanguage, useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';
import { Select, TextField } from '../../ui/Field.tsx';
import { Page } from '../../ui/Page.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { SettingsTabs } from './SettingsTabs.tsx';

export default function AccountPage() {
  const { account } = useText();
  return (
    <Page title={account.title} above={<SettingsTabs />}>
      <Appearance />
      <Password />
    </Page>
  );
}

function Appearance() {
  const { account, shell } = useText();
  const theme = useTheme();
  const { language, choose } = useLanguage();
  return (
    <Card title={account.appearance}>
      <div className="grid max-w-lg gap-4 sm:grid-cols-2">
        <Select
          label={shell.theme}
          hint={account.themeLead}
          value={theme}
          onChange={(event) => chooseTheme(event.target.value as Theme)}
        >
          <option value="system">{shell.themes.system}</option>
          <option value="light">{shell.themes.light}</option>
          <option value="dark">{shell.themes.dark}</option>
        </Select>
        <Select
          label={shell.language}
          hint={account.languageLead}
          value={language}
          onChange={(event) => choose(event.target.value as 'en' | 'fr')}
        >
          <option value="en">English</option>
          <option value="fr">Français</option>
        </Select>
      </div>
    </Card>
  );
}

const LEAST_LENGTH = 10;

function Password() {
  const { account, signIn } = useText();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [isTried, setIsTried] = useState(false);
  const change = useMutation({
    mutationFn: () => api.auth.changePassword({ current_password: current, new_password: next }),
    onSuccess: ({ sessions_ended: ended }) => {
      toastSuccess(account.changed(ended));
      setCurrent('');
      setNext('');
      setIsTried(false);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (current !== '' && next.length >= LEAST_LENGTH) change.mutate();
  };
  return (
    <Card title={account.passwordTitle}>
      <form onSubmit={submit} className="flex max-w-sm flex-col gap-4">
        <TextField
          label={account.current}
          type="password"
          autoComplete="current-password"
          value={current}
          error={isTried && current === '' ? signIn.required : undefined}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <TextField
          label={account.next}
          hint={account.nextHint}
          type="password"
          autoComplete="new-password"
          value={next}
          error={isTried && next.length < LEAST_LENGTH ? account.nextHint : undefined}
          onChange={(event) => setNext(event.target.value)}
        />
        {change.error !== null && <Problem error={change.error} />}
        <div>
          <Button kind="primary" type="submit" busy={change.isPending}>
            {account.change}
          </Button>
        </div>
      </form>
    </Card>
  );
}
