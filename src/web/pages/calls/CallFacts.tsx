import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { CallDetail } from '../../../features/calls/contract.ts';
import { assistantsQuery } from '../../api/assistants.ts';
import { paths } from '../../paths.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Card } from '../../ui/Card.tsx';
import { CopyId } from '../../ui/CopyId.tsx';
import { shown } from '../../ui/Diff.tsx';
import { Facts } from '../../ui/Facts.tsx';
import { endOf } from './call-words.ts';

/** The outcome in plain words, and every figure and id of the call. */
export function CallFacts({ call }: { call: CallDetail }) {
  const text = useText();
  const format = useFormat();
  const { facts } = text.calls;
  const waited = call.answered_at === null ? null : (Date.parse(call.answered_at) - Date.parse(call.started_at)) / 1000;
  const rows: [ReactNode, ReactNode][] = [
    [facts.from, format.phone(call.from)],
    [facts.to, format.phone(call.to)],
    [
      facts.started,
      <time key="started" dateTime={call.started_at}>
        {format.dateTime(call.started_at)}
      </time>,
    ],
    [facts.answered, waited === null ? null : format.span(waited)],
    [facts.duration, call.duration_seconds === null ? null : format.span(call.duration_seconds)],
    [facts.cost, call.cost_usd === null ? null : format.money(call.cost_usd)],
    [facts.assistant, call.assistant_id === null ? null : <AssistantName key="assistant" id={call.assistant_id} />],
    [
      facts.route,
      call.route_reason === null ? null : (text.calls.routeReasons[call.route_reason] ?? call.route_reason),
    ],
    [facts.ended, endOf(call, text) || null],
  ];
  const sentence = text.calls.outcomeSentences[call.outcome ?? (call.status === 'ended' ? 'failed' : 'live')];
  return (
    <div className="flex flex-col gap-5">
      <Card>
        <p className="mb-4 font-semibold">{sentence}</p>
        <Facts facts={rows.filter(([, value]) => value !== null && value !== '')} />
      </Card>
      <Card title={facts.ids}>
        <Ids call={call} />
      </Card>
      {call.structured_data != null && (
        <Card title={text.calls.structured}>
          <pre className="overflow-x-auto font-mono text-xs leading-relaxed">{shown(call.structured_data, '')}</pre>
        </Card>
      )}
    </div>
  );
}

function AssistantName({ id }: { id: string }) {
  const { data } = useQuery(assistantsQuery);
  const name = data?.assistants.find((one) => one.assistant_id === id)?.name;
  return (
    <Link to={paths.assistant(id)} className="font-medium text-accent hover:underline">
      {name ?? id.slice(0, 8)}
    </Link>
  );
}

function Ids({ call }: { call: CallDetail }) {
  const { facts } = useText().calls;
  const ids = [
    [facts.callId, call.id],
    [facts.vapiCallId, call.vapi_call_id],
    [facts.twilioCallSid, call.twilio_call_sid],
  ] as const;
  return (
    <ul className="flex flex-col gap-2">
      {ids.map(
        ([name, value]) =>
          value !== null && (
            <li key={name}>
              <p className="text-xs text-muted">{name}</p>
              <CopyId value={value} what={name} className="-ml-1.5" />
            </li>
          ),
      )}
    </ul>
  );
}
