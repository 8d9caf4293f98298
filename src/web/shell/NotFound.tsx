import { Compass } from 'lucide-react';
import { paths } from '../paths.ts';
import { useText } from '../text/text.tsx';
import { LinkButton } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Page } from '../ui/Page.tsx';

export function NotFound() {
  const { problems } = useText();
  return (
    <Page title={problems.titles.notFound}>
      <EmptyState
        icon={Compass}
        title={problems.titles.notFound}
        action={<LinkButton to={paths.now()}>{problems.goToNow}</LinkButton>}
      >
        {problems.notFoundBody}
      </EmptyState>
    </Page>
  );
}
