import { Lock } from 'lucide-react';
import { useText } from '../text/text.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Page } from '../ui/Page.tsx';
import type { Needs } from '../session/use-session.ts';

/** A page that this person may not see, and what it takes. */
export function Forbidden({ title, needs }: { title: string; needs: Needs }) {
  const { problems } = useText();
  return (
    <Page title={title}>
      <EmptyState icon={Lock} title={problems.titles.forbidden}>
        {problems.forbiddenBody(problems.roleNames[needs])}
      </EmptyState>
    </Page>
  );
}
