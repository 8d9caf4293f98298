import { Link } from '@tanstack/react-router';
import { ChevronRight, Mail, MessageSquareText } from 'lucide-react';
import type { MessageState, SentMessage } from '../../../features/messaging/contract.ts';
import { paths } from '../../paths.ts';
import { useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Badge, type Tone } from '../../ui/Badge.tsx';
import { classes } from '../../ui/classes.ts';

const TONES: Record<MessageState, Tone> = {
  waiting: 'info',
  sent: 'good',
  refused: 'warn',
  unknown: 'warn',
  given_up: 'bad',
};
const ROW =
  'grid min-h-[4.5rem] grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-3 sm:px-5 md:grid-cols-[auto_minmax(0,15rem)_minmax(0,1fr)_auto_7rem_auto]';

/** One message; a row about a call leads there. */
export function MessageRow({ message }: { message: SentMessage }) {
  const isAboutCall = message.call_id !== null;
  return (
    <li className="border-b border-line last:border-b-0">
      {message.call_id === null ? (
        <div className={ROW}>
          <Parts message={message} isAboutCall={isAboutCall} />
        </div>
      ) : (
        <Link to={paths.call(message.call_id)} className={classes(ROW, 'transition-colors hover:bg-hover')}>
          <Parts message={message} isAboutCall={isAboutCall} />
        </Link>
      )}
    </li>
  );
}

function Parts({ message, isAboutCall }: { message: SentMessage; isAboutCall: boolean }) {
  const { messages } = useText();
  const Icon = message.channel === 'email' ? Mail : MessageSquareText;
  const notes = [
    messages.means[message.state],
    message.attempts > 1 ? messages.attempts(message.attempts) : '',
    message.problem ?? '',
  ].filter(Boolean);
  return (
    <>
      <span aria-hidden className="flex size-9 items-center justify-center rounded-full bg-hover text-muted">
        <Icon className="size-4.5" strokeWidth={1.9} />
      </span>
      <span className="min-w-0">
        <span className="block truncate tabular-nums">{message.to ?? messages.someone}</span>
        <span className="block truncate text-sm text-muted">
          {messages.channels[message.channel]}
          <span className="md:hidden">
            {' · '}
            <Age at={message.created_at} />
          </span>
        </span>
      </span>
      <span className="min-w-0 text-sm text-muted max-md:hidden">
        {notes.length > 0 ? (
          <span className="line-clamp-2">{notes.join(' · ')}</span>
        ) : (
          isAboutCall && messages.aboutCall
        )}
      </span>
      <Badge tone={TONES[message.state]}>{messages.states[message.state]}</Badge>
      <span className="text-right text-sm text-muted tabular-nums max-md:hidden">
        <Age at={message.created_at} />
      </span>
      <span className="flex size-4 max-md:hidden">
        {isAboutCall && <ChevronRight aria-hidden className="size-4 text-faint" />}
      </span>
      {notes.length > 0 && <span className="col-span-3 text-sm text-muted md:hidden">{notes.join(' · ')}</span>}
    </>
  );
}
