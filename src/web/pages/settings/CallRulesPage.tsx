import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/api.ts';
import { useText } from '../../text/text.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Page } from '../../ui/Page.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';
import { CallCompleteness } from './CallCompleteness.tsx';
import { CallLimitsForm } from './CallLimitsForm.tsx';
import { CallRetentionForm } from './CallRetentionForm.tsx';
import { CallTextsForm } from './CallTextsForm.tsx';
import { SettingsTabs } from './SettingsTabs.tsx';

/** Where calls may go and how many, who is texted afterwards, how long they are kept, and whether any is missing. */
export default function CallRulesPage() {
  const { callRules } = useText();
  const limits = useQuery({
    queryKey: ['call-rules', 'limits'],
    queryFn: ({ signal }) => api.calls.limits({ signal }),
  });
  const retention = useQuery({
    queryKey: ['call-rules', 'retention'],
    queryFn: ({ signal }) => api.calls.retention({ signal }),
  });
  const texts = useQuery({
    queryKey: ['call-rules', 'texts'],
    queryFn: ({ signal }) => api.calls.texts({ signal }),
  });
  return (
    <Page title={callRules.title} lead={callRules.lead} above={<SettingsTabs />}>
      <Loaded query={limits} skeleton={<CardSkeleton height="h-[19.25rem]" />}>
        {(loaded) => <CallLimitsForm limits={loaded} />}
      </Loaded>
      <Loaded query={texts} skeleton={<CardSkeleton height="h-[10.75rem]" />}>
        {(loaded) => <CallTextsForm texts={loaded} />}
      </Loaded>
      <Loaded query={retention} skeleton={<CardSkeleton height="h-[9.75rem]" />}>
        {(loaded) => <CallRetentionForm retention={loaded} />}
      </Loaded>
      <CallCompleteness />
    </Page>
  );
}

function CardSkeleton({ height }: { height: string }) {
  return (
    <LoadingArea>
      <Skeleton className={`${height} w-full`} />
    </LoadingArea>
  );
}
