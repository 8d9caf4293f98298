import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/api.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { classes } from '../../ui/classes.ts';
import { Loaded } from '../../ui/Loaded.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';

const SHOWN = 14;

/** Each day's calls as the vendors list them, beside those that AVA has. */
export function CallCompleteness() {
  const { callRules } = useText();
  const query = useQuery({
    queryKey: ['call-rules', 'completeness'],
    queryFn: ({ signal }) => api.calls.completeness({ signal }),
  });
  return (
    <Card title={callRules.completenessTitle} lead={callRules.completenessLead}>
      <Loaded
        query={query}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-32 w-full" />
          </LoadingArea>
        }
      >
        {({ days }) =>
          days.length === 0 ? <p className="text-muted">{callRules.notCompared}</p> : <Days days={days} />
        }
      </Loaded>
    </Card>
  );
}

/** What a telephone leaves out: both figures are only there to be compared, and their difference is shown. */
const WIDE_ONLY = { vendorCalls: 'max-sm:hidden', ledgerCalls: 'max-sm:hidden', recovered: '' };

type Day = Awaited<ReturnType<typeof api.calls.completeness>>['days'][number];

function Days({ days }: { days: Day[] }) {
  const { callRules } = useText();
  const format = useFormat();
  const newestFirst = days.toSorted((a, b) => b.date.localeCompare(a.date)).slice(0, SHOWN);
  const figures = ['vendorCalls', 'ledgerCalls', 'recovered'] as const;
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={callRules.completenessTitle}>
      <table className="w-full text-left text-sm whitespace-nowrap tabular-nums">
        <thead className="text-xs text-muted">
          <tr>
            <th className="py-1.5 pr-4 font-medium">{callRules.day}</th>
            <th className="py-1.5 pr-4 font-medium">{callRules.vendor}</th>
            <th className="py-1.5 pr-4 font-medium">{callRules.missing}</th>
            {figures.map((name) => (
              <th key={name} className={classes('py-1.5 pr-4 text-right font-medium', WIDE_ONLY[name])}>
                {callRules[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newestFirst.map((day) => (
            <tr key={`${day.date} ${day.vendor}`} className="border-t border-line">
              <th scope="row" className="py-2 pr-4 font-normal">
                {format.date(day.date)}
              </th>
              <td className="py-2 pr-4">{day.vendor === 'vapi' ? 'Vapi' : 'Twilio'}</td>
              <td className="py-2 pr-4">
                <Badge tone={day.missing === 0 ? 'good' : 'bad'}>
                  {day.missing === 0 ? callRules.complete : callRules.missingCount(day.missing)}
                </Badge>
              </td>
              <td className={classes('py-2 pr-4 text-right', WIDE_ONLY.vendorCalls)}>{day.vendor_calls}</td>
              <td className={classes('py-2 pr-4 text-right', WIDE_ONLY.ledgerCalls)}>{day.ledger_calls}</td>
              <td className="py-2 pr-4 text-right">{day.recovered}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
