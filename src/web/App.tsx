import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { createQueryClient } from './api/query-client.ts';
import { SignInPage } from './pages/sign-in/SignInPage.tsx';
import { useSessionState } from './session/use-session.ts';
import { Starting, Unreachable } from './shell/Starting.tsx';
import type { Text } from './text/en.ts';
import { type Language, TextProvider } from './text/text.tsx';

// Fetched while the session is being looked up; the sign-in page does not wait for it.
const pages = import('./routes.tsx');
const Pages = lazy(() => pages.then(({ Pages }) => ({ default: Pages })));
const SignInAgain = lazy(() => import('./pages/sign-in/SignInAgain.tsx'));
const queryClient = createQueryClient();

export function App({ first }: { first: { language: Language; text: Text } }) {
  return (
    <TextProvider first={first}>
      <QueryClientProvider client={queryClient}>
        <Door />
      </QueryClientProvider>
    </TextProvider>
  );
}

/** What a person gets to see depends on the session alone. The address stays, so signing in leads where it was meant to. */
function Door() {
  const state = useSessionState();
  switch (state.kind) {
    case 'starting':
      return <Starting />;
    case 'unreachable':
      return <Unreachable key={state.error.correlationId} error={state.error} />;
    case 'signed_out':
      queryClient.clear();
      return <SignInPage />;
    default:
      return (
        <>
          <Suspense fallback={<Starting />}>
            <Pages />
          </Suspense>
          <Suspense>{state.kind === 'expired' && <SignInAgain email={state.session.user.email} />}</Suspense>
        </>
      );
  }
}
