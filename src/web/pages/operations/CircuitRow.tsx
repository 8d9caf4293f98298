import { useState } from 'react';
import { useMay } from '../../session/use-session.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { type Circuit, CircuitState, nameOfCircuit } from '../../ui/CircuitState.tsx';
import { CircuitDialog } from './CircuitDialog.tsx';

/** One circuit: its state in words, what failed last, and the hand on the switch. */
export function CircuitRow({ circuit }: { circuit: Circuit }) {
  const text = useText();
  const { circuits } = text.operations;
  const format = useFormat();
  const mayTouch = useMay(circuit.scope === 'upstream' ? 'operator' : 'admin');
  const [open, setOpen] = useState<'none' | 'isolate' | 'close'>('none');
  const name = nameOfCircuit(circuit, text);
  const facts = [
    circuit.state === 'closed' ? null : circuits.notClosedFor(format.span(circuit.not_closed_seconds)),
    circuit.state === 'open' && circuit.retry_after_seconds !== null
      ? circuits.nextProbe(format.span(circuit.retry_after_seconds))
      : null,
  ].filter((fact) => fact !== null);
  return (
    <li className="border-b border-line px-4 py-4 last:border-b-0 sm:px-5">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1">
          <p className="flex flex-wrap items-center gap-2 font-medium">
            {name} <CircuitState state={circuit.state} words={circuits.states} />
          </p>
          <p className="text-sm text-muted tabular-nums">{[circuits.means[circuit.state], ...facts].join(' · ')}</p>
        </div>
        {mayTouch && (
          <div className="flex gap-2">
            {circuit.state !== 'closed' && (
              <Button size="small" aria-label={circuits.closeOf(name)} onClick={() => setOpen('close')}>
                {circuits.closeCircuit}
              </Button>
            )}
            {circuit.state !== 'isolated' && (
              <Button
                size="small"
                kind="quiet"
                aria-label={circuits.isolateOf(name)}
                onClick={() => setOpen('isolate')}
              >
                {circuits.isolate}
              </Button>
            )}
          </div>
        )}
      </div>
      {circuit.isolation !== null && (
        <p className="mt-2 text-sm">
          {circuits.isolatedBy(circuit.isolation.author, circuit.isolation.reason)}
          {circuit.isolation.expires_in_seconds !== null && (
            <span className="text-muted"> · {circuits.endsIn(format.span(circuit.isolation.expires_in_seconds))}</span>
          )}
        </p>
      )}
      {circuit.last_failures.length > 0 && (
        <details className="mt-2 text-sm" open={circuit.state === 'open'}>
          <summary className="w-fit rounded-sm text-muted hover:text-ink">{circuits.failures}</summary>
          <ul className="mt-1.5 flex flex-col gap-1">
            {circuit.last_failures.map((failure, index) => (
              <li key={index} className="flex gap-3">
                <span className="w-32 shrink-0 whitespace-nowrap text-muted tabular-nums">
                  {circuits.ago(format.span(failure.seconds_ago))}
                </span>
                <span className="min-w-0 font-mono text-xs leading-5 break-words">{failure.reason}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {open !== 'none' && <CircuitDialog circuit={circuit} name={name} action={open} onClose={() => setOpen('none')} />}
    </li>
  );
}
