import { useMutation } from '@tanstack/react-query';
import { Send } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/api.ts';
import { useSession } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';
import { TextArea, TextField } from '../../ui/Field.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Problem } from '../../ui/Problem.tsx';

/** Sends one e-mail, and says in words what became of it. */
export function EmailTest() {
  const { integrations } = useText();
  const { user } = useSession();
  const [to, setTo] = useState(user.email);
  const [subject, setSubject] = useState(integrations.subjectDefault);
  const [body, setBody] = useState(integrations.bodyDefault);
  const send = useMutation({ mutationFn: () => api.email.test({ to: to.trim(), subject, text: body }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!send.isPending) send.mutate();
  };
  return (
    <Card title={integrations.emailTitle} lead={integrations.emailLead}>
      <form onSubmit={submit} className="flex max-w-lg flex-col gap-4">
        <TextField
          label={integrations.to}
          type="email"
          required
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
        <TextField
          label={integrations.subject}
          required
          maxLength={200}
          value={subject}
          onChange={(event) => setSubject(event.target.value)}
        />
        <TextArea label={integrations.body} required value={body} onChange={(event) => setBody(event.target.value)} />
        {send.error !== null && <Problem error={send.error} />}
        {send.data !== undefined && (
          <Notice
            tone={send.data.delivered ? 'info' : 'warn'}
            title={send.data.delivered ? integrations.delivered : integrations.notDelivered}
          >
            {send.data.note}
          </Notice>
        )}
        <div>
          <Button type="submit" busy={send.isPending} icon={<Send aria-hidden className="size-4" />}>
            {integrations.send}
          </Button>
        </div>
      </form>
    </Card>
  );
}
