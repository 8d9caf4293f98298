import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReleaseWire, VerificationSummaryWire } from '../../../features/releases/contract.ts';
import { api } from '../../api/api.ts';
import { systemInfoQuery } from '../../api/system-info.ts';
import { paths } from '../../paths.ts';
import { useMay } from '../../session/use-session.ts';
import { Forbidden } from '../../shell/Forbidden.tsx';
import { useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Badge, type Tone } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Page } from '../../ui/Page.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';

const STATES: Record<ReleaseWire['state'], Tone> = {
  running: 'info',
  succeeded: 'good',
  rolled_back: 'warn',
  failed: 'bad',
};
export const OUTCOMES: Record<VerificationSummaryWire['outcome'], Tone> = {
  passed: 'good',
  failed: 'bad',
  incomplete: 'warn',
};

export default function ReleasesPage() {
  const { releases } = useText().operations;
  const isOperator = useMay('operator');
  const info = useQuery(systemInfoQuery);
  if (!isOperator) return <Forbidden title={releases.title} needs="operator" />;
  return (
    <Page title={releases.title} lead={releases.lead}>
      {info.data !== undefined && <p className="text-muted">{releases.running(info.data.version, info.data.commit)}</p>}
      <Releases />
      <Runs />
    </Page>
  );
}

function Releases() {
  const { releases } = useText().operations;
  const query = useQuery({ queryKey: ['releases'], queryFn: ({ signal }) => api.releases.list({ limit: 30, signal }) });
  return (
    <Card title={releases.releasesTitle}>
      <Loaded query={query} skeleton={<ListSkeleton />}>
        {(list) => (
          <ul className="-my-2 divide-y divide-line">
            {list.releases.length === 0 && <li className="py-2 text-muted">{releases.noReleases}</li>}
            {list.releases.map((release) => (
              <li key={release.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-3">
                <span className="min-w-0 flex-1">
                  <span className="font-medium">{release.version}</span>{' '}
                  <span className="text-sm text-muted">
                    {release.previous_version !== null && releases.from(release.previous_version)} · {release.target}
                  </span>
                  <span className="block text-sm text-muted">
                    {releases.by(releases.what[release.kind] ?? '', release.author)}
                    {release.phase !== null && ` · ${releases.phases[release.phase] ?? release.phase}`}
                    {release.verification_id !== null && (
                      <>
                        {' · '}
                        <Link className="underline" to={paths.verification(release.verification_id)}>
                          {releases.evidence}
                        </Link>
                      </>
                    )}
                  </span>
                  {release.reason !== null && <span className="block text-sm text-muted">{release.reason}</span>}
                </span>
                <span className="text-sm text-muted">
                  <Age at={release.started_at} />
                </span>
                <Badge tone={STATES[release.state]}>{releases.states[release.state]}</Badge>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  );
}

function Runs() {
  const { releases } = useText().operations;
  const query = useQuery({
    queryKey: ['releases', 'verifications'],
    queryFn: ({ signal }) => api.verifications.list({ limit: 30, signal }),
  });
  return (
    <Card title={releases.runsTitle}>
      <Loaded query={query} skeleton={<ListSkeleton />}>
        {(list) => (
          <ul className="-my-2 divide-y divide-line">
            {list.verifications.length === 0 && <li className="py-2 text-muted">{releases.noRuns}</li>}
            {list.verifications.map((run) => (
              <li key={run.id}>
                <Link
                  to={paths.verification(run.id)}
                  className="-mx-2 flex flex-wrap items-center gap-x-4 gap-y-1 rounded-md px-2 py-3 hover:bg-hover"
                >
                  <span className="min-w-0 flex-1">
                    <span className="font-medium">{releases.kinds[run.kind]}</span>{' '}
                    <span className="text-sm text-muted">{run.target}</span>
                    <span className="block text-sm text-muted tabular-nums">
                      {releases.counts(run.passed, run.failed, run.skipped)}
                    </span>
                  </span>
                  <span className="text-sm text-muted">
                    <Age at={run.started_at} />
                  </span>
                  <Badge tone={OUTCOMES[run.outcome]}>{releases.outcomes[run.outcome]}</Badge>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  );
}

function ListSkeleton() {
  return (
    <LoadingArea>
      <Skeleton className="h-32 w-full" />
    </LoadingArea>
  );
}
