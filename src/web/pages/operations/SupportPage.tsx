import { useQuery } from '@tanstack/react-query';
import { systemInfoQuery } from '../../api/system-info.ts';
import { useText } from '../../text/text.tsx';
import { Card } from '../../ui/Card.tsx';
import { CopyId } from '../../ui/CopyId.tsx';
import { Facts } from '../../ui/Facts.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Page } from '../../ui/Page.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';

/** Whom to ask, and which installation this is. */
export default function SupportPage() {
  const { support } = useText().operations;
  const info = useQuery(systemInfoQuery);
  return (
    <Page title={support.title} lead={support.lead}>
      <Loaded
        query={info}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-48 w-full" />
          </LoadingArea>
        }
      >
        {({ support: contact, version, commit, env, public_url: address }) => (
          <>
            <Card title={support.title}>
              {contact.slack === null && contact.email === null ? (
                <p className="text-muted">{support.none}</p>
              ) : (
                <Facts
                  facts={[
                    ...(contact.slack === null ? [] : [[support.slack, contact.slack] as [string, string]]),
                    ...(contact.email === null
                      ? []
                      : [
                          [
                            support.email,
                            <a key="email" href={`mailto:${contact.email}`} className="text-accent hover:underline">
                              {contact.email}
                            </a>,
                          ] as [string, React.ReactNode],
                        ]),
                  ]}
                />
              )}
            </Card>
            <Card title={support.installation}>
              <Facts
                facts={[
                  [support.version, version],
                  [support.commit, <CopyId key="commit" value={commit} what={support.commit} className="-ml-1.5" />],
                  [support.environment, env],
                  [support.address, address],
                  [
                    support.api,
                    <a key="api" href="/api/v1/docs" className="text-accent hover:underline">
                      /api/v1/docs
                    </a>,
                  ],
                ]}
              />
            </Card>
            <Card title={support.shortcuts}>
              <p className="text-muted">{support.shortcutsBody}</p>
            </Card>
          </>
        )}
      </Loaded>
    </Page>
  );
}
