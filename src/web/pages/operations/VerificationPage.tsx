import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { ChevronLeft, CircleCheck, CircleMinus, CircleX } from 'lucide-react';
import type { Check } from '../../../features/releases/contract.ts';
import { api } from '../../api/api.ts';
import { paths } from '../../paths.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Page } from '../../ui/Page.tsx';
import { SkeletonRows } from '../../ui/Skeleton.tsx';

const SIGNS = {
  passed: <CircleCheck aria-hidden className="size-5 shrink-0 text-good" />,
  failed: <CircleX aria-hidden className="size-5 shrink-0 text-bad" />,
  skipped: <CircleMinus aria-hidden className="size-5 shrink-0 text-faint" />,
};

/** One run: each check, what was seen, and the evidence. */
export default function VerificationPage() {
  const { releases } = useText().operations;
  const format = useFormat();
  const { id = '' } = useParams({ strict: false });
  const query = useQuery({
    queryKey: ['releases', 'verification', id],
    queryFn: ({ signal }) => api.verifications.get(id, { signal }),
    staleTime: Infinity,
  });
  const run = query.data?.verification;
  return (
    <Page
      title={releases.run}
      lead={
        run !== undefined &&
        `${run.target} · ${format.dateTime(run.started_at)} · ${releases.counts(run.passed, run.failed, run.skipped)}`
      }
      above={
        <Link to={paths.releases()} className="inline-flex items-center gap-1 font-medium hover:text-ink">
          <ChevronLeft aria-hidden className="size-4" />
          {releases.back}
        </Link>
      }
    >
      <Loaded query={query} skeleton={<SkeletonRows rows={8} />}>
        {({ verification }) => (
          <ul className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
            {verification.checks.map((check) => (
              <CheckRow key={check.id} check={check} />
            ))}
          </ul>
        )}
      </Loaded>
    </Page>
  );
}

function CheckRow({ check }: { check: Check }) {
  const { operations, server } = useText();
  const { releases } = operations;
  return (
    <li className="flex gap-3 border-b border-line px-4 py-3 last:border-b-0 sm:px-5">
      {SIGNS[check.state]}
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {server.check(check.id) ?? check.title}
          {check.requirement !== null && <Badge>{check.requirement}</Badge>}
        </p>
        <p className="text-sm break-words text-muted">
          {(check.said !== undefined && server.checkSaid(check.said)) || check.detail}
        </p>
        {check.evidence.length > 0 && (
          <details className="mt-1 text-sm">
            <summary className="w-fit rounded-sm text-muted hover:text-ink">{releases.evidence}</summary>
            <pre className="mt-1 overflow-x-auto rounded-md bg-sunken p-3 font-mono text-xs whitespace-pre-wrap">
              {check.evidence.map((one) => Object.values(one).join('\n')).join('\n\n')}
            </pre>
          </details>
        )}
      </div>
      <span className="text-xs text-faint tabular-nums">{Math.round(check.duration_ms)} ms</span>
    </li>
  );
}
