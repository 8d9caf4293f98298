import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { latestChangesQuery } from '../../api/queries.ts';
import { paths } from '../../paths.ts';
import { useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Card } from '../../ui/Card.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';
import { nameOfSetting } from '../settings/setting-name.ts';

export function LatestChanges() {
  const text = useText();
  const changes = useQuery(latestChangesQuery);
  return (
    <Card
      title={text.now.changesTitle}
      actions={
        <Link to={paths.vapiRemoteSettings()} className="text-sm font-medium text-accent hover:underline">
          {text.shell.nav.settings}
        </Link>
      }
    >
      <Loaded
        query={changes}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-24 w-full" />
          </LoadingArea>
        }
      >
        {({ versions }) => (
          <ul className="flex flex-col gap-2.5">
            {versions.length === 0 && <li className="py-1 text-muted">{text.now.noChanges}</li>}
            {versions.map((version) => (
              <li key={version.id} className="flex items-baseline gap-3">
                <span className="min-w-0 flex-1">
                  <span className="font-medium">{nameOfSetting(version.key, text)}</span>{' '}
                  <span className="text-muted">
                    {text.settings.actions[version.action]?.toLowerCase()} {text.settings.by(version.author)}
                  </span>
                </span>
                <span className="text-sm whitespace-nowrap text-muted">
                  <Age at={version.created_at} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  );
}
