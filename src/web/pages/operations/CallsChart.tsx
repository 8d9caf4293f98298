import 'uplot/dist/uPlot.min.css';
import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import type { z } from 'zod';
import type { callStatsSchema } from '../../../features/calls/contract.ts';
import { useTheme } from '../../shell/theme.ts';
import { useFormat, useText } from '../../text/text.tsx';

type Day = z.output<typeof callStatsSchema>['days'][number];

/** Stacked from below; the last one is drawn first, so that each shows only its own share. */
const SERIES = [
  { name: 'ai', color: '--good-fill', of: (day: Day) => day.by_ai },
  { name: 'person', color: '--info-fill', of: (day: Day) => day.by_person },
  { name: 'voicemail', color: '--warn-fill', of: (day: Day) => day.voicemail + day.sentence },
  { name: 'nobody', color: '--bad-fill', of: (day: Day) => day.nobody + day.failed },
] as const;

const HEIGHT = 240;

/** Calls by day and by who answered, as stacked bars and as a table. */
export default function CallsChart({ days: known, span }: { days: Day[]; span: number }) {
  const { calls, outcomes, words } = useText();
  const format = useFormat();
  const days = useMemo(() => everyDay(known, span), [known, span]);
  return (
    <figure>
      <ul className="mb-3 flex flex-wrap gap-x-5 gap-y-1 text-sm">
        {SERIES.map(({ name, color }) => (
          <li key={name} className="flex items-center gap-2">
            <span aria-hidden className="size-2.5 rounded-xs" style={{ background: `var(${color})` }} />
            {outcomes[name]}
          </li>
        ))}
      </ul>
      <Bars days={days} />
      <details className="mt-3 text-sm">
        <summary className="w-fit rounded-sm text-muted hover:text-ink">{words.viewAsTable}</summary>
        <div className="mt-2 max-h-80 overflow-auto" tabIndex={0} role="region" aria-label={words.viewAsTable}>
          <table className="w-full text-left tabular-nums">
            <thead className="sticky top-0 bg-surface text-xs text-muted">
              <tr>
                <th className="py-1.5 pr-4 font-medium">{calls.facts.started}</th>
                {SERIES.map(({ name }) => (
                  <th key={name} className="py-1.5 pr-4 text-right font-medium">
                    {outcomes[name]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {days.toReversed().map((day) => (
                <tr key={day.date} className="border-t border-line">
                  <th scope="row" className="py-1.5 pr-4 font-normal">
                    {format.date(day.date)}
                  </th>
                  {SERIES.map(({ name, of }) => (
                    <td key={name} className="py-1.5 pr-4 text-right">
                      {of(day)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

const NOTHING = {
  calls: 0,
  inbound: 0,
  outbound: 0,
  by_ai: 0,
  by_person: 0,
  voicemail: 0,
  sentence: 0,
  nobody: 0,
  failed: 0,
  seconds: 0,
  cost_usd: 0,
};
const DAY_MS = 86_400_000;

/** The last `span` days up to today, in UTC; days without calls are not told by the server. */
function everyDay(known: Day[], span: number): Day[] {
  const byDate = new Map(known.map((day) => [day.date, day]));
  return Array.from({ length: span }, (_, index) => {
    const date = new Date(Date.now() - (span - 1 - index) * DAY_MS).toISOString().slice(0, 10);
    return byDate.get(date) ?? { date, ...NOTHING };
  });
}

function Bars({ days }: { days: Day[] }) {
  const place = useRef<HTMLDivElement>(null);
  const format = useFormat();
  const theme = useTheme();
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const plot = new uPlot(optionsFor(element, days, format.shortDate), stacked(days), element);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [days, format.shortDate, theme]);
  return <div ref={place} aria-hidden className="h-60 w-full overflow-hidden" />;
}

function stacked(days: Day[]): uPlot.AlignedData {
  const sums = SERIES.map((_, upTo) =>
    days.map((day) => SERIES.slice(0, upTo + 1).reduce((sum, { of }) => sum + of(day), 0)),
  );
  return [days.map((_, index) => index), ...sums.toReversed()];
}

function optionsFor(element: HTMLElement, days: Day[], dayName: (iso: string) => string): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  // The custom properties hold light-dark(); a throw-away element turns them into the colour in force.
  const color = (name: string) => {
    const probe = document.createElement('span');
    probe.style.color = `var(${name})`;
    element.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const bars = uPlot.paths.bars?.({ size: [0.62, 26], radius: 0.15 });
  const axis = {
    stroke: color('--muted'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: (_plot, min, max) => [min - 0.7, max + 0.7] },
      y: { range: (_plot, _min, max) => [0, Math.max(4, max * 1.08)] },
    },
    axes: [
      {
        ...axis,
        size: 32,
        grid: { show: false },
        values: (_plot, ticks) => ticks.map((at) => nameAt(days, at, dayName)),
      },
      { ...axis, size: 44 },
    ],
    series: [
      {},
      ...SERIES.toReversed().map(({ color: name }) => ({
        fill: color(name),
        width: 0,
        points: { show: false },
        ...(bars === undefined ? {} : { paths: bars }),
      })),
    ],
  };
}

function nameAt(days: Day[], at: number, dayName: (iso: string) => string): string {
  const day = Number.isInteger(at) ? days[at] : undefined;
  return day === undefined ? '' : dayName(day.date);
}
