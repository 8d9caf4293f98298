import { Wrench } from 'lucide-react';
import type { CallDetail } from '../../../features/calls/contract.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Card } from '../../ui/Card.tsx';
import { classes } from '../../ui/classes.ts';

type Message = CallDetail['messages'][number];

/** Who said what, and when. Everything is text: what a caller says is never run or drawn as anything else. */
export function Transcript({ call }: { call: CallDetail }) {
  const { calls } = useText();
  const spoken = call.messages.filter(({ role }) => role !== 'system');
  return (
    <Card title={calls.transcript}>
      {spoken.length > 0 ? (
        <ol className="flex flex-col gap-4">
          {spoken.map((message, index) => (
            <Line key={index} message={message} />
          ))}
        </ol>
      ) : (
        <p className="break-words whitespace-pre-wrap text-muted">{call.transcript ?? calls.noTranscript}</p>
      )}
    </Card>
  );
}

function Line({ message }: { message: Message }) {
  const { calls } = useText();
  const format = useFormat();
  const isCaller = message.role === 'user' || message.role === 'customer';
  if (message.role.startsWith('tool')) return <ToolLine message={message} />;
  return (
    <li className="grid grid-cols-[3rem_minmax(0,1fr)] gap-x-3">
      <span className="pt-px text-right text-xs leading-[1.375rem] text-faint tabular-nums">
        {message.seconds_from_start === null ? '' : format.clock(message.seconds_from_start)}
      </span>
      <div className={classes('border-l-2 pl-3', isCaller ? 'border-line-strong' : 'border-accent')}>
        <p className={classes('text-xs font-semibold', isCaller ? 'text-muted' : 'text-accent')}>
          {calls.speakers[message.role] ?? message.role}
        </p>
        <p className="max-w-prose break-words whitespace-pre-wrap">{message.text}</p>
      </div>
    </li>
  );
}

function ToolLine({ message }: { message: Message }) {
  const { calls } = useText();
  const format = useFormat();
  return (
    <li className="grid grid-cols-[3rem_minmax(0,1fr)] gap-x-3">
      <span className="text-right text-xs leading-[1.375rem] text-faint tabular-nums">
        {message.seconds_from_start === null ? '' : format.clock(message.seconds_from_start)}
      </span>
      <p className="flex min-w-0 items-start gap-2 rounded-md bg-sunken px-3 py-1.5 font-mono text-xs text-muted">
        <Wrench role="img" aria-label={calls.speakers['tool']} className="mt-0.5 size-3.5 shrink-0" />
        <span className="min-w-0 break-words whitespace-pre-wrap">{message.text}</span>
      </p>
    </li>
  );
}
