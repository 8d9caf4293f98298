/** LIST: every page of the dashboard. A page is fetched when somebody goes there; the start page comes with the list. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  RouterProvider,
  type RouteComponent,
} from '@tanstack/react-router';
import NowPage from './pages/now/NowPage.tsx';
import { paths } from './paths.ts';
import { Crashed } from './shell/Crashed.tsx';
import { NotFound } from './shell/NotFound.tsx';
import { Shell } from './shell/Shell.tsx';
import { PageSkeleton } from './shell/PageSkeleton.tsx';
import { afterPaint } from './ui/after-paint.ts';

type Page = [path: string, load: () => Promise<{ default: RouteComponent }>];

const PAGES: Page[] = [
  ['/calls', () => import('./pages/calls/CallsPage.tsx')],
  ['/calls/$id', () => import('./pages/calls/CallPage.tsx')],
  ['/messages', () => import('./pages/messages/MessagesPage.tsx')],
  ['/numbers', () => import('./pages/numbers/NumbersPage.tsx')],
  ['/numbers/$sid', () => import('./pages/numbers/NumberPage.tsx')],
  ['/assistants', () => import('./pages/assistants/AssistantsPage.tsx')],
  ['/assistants/new', () => import('./pages/assistants/NewAssistantPage.tsx')],
  ['/assistants/$id', () => import('./pages/assistants/AssistantPage.tsx')],
  ['/settings/vapi-remote-settings', () => import('./pages/settings/VapiRemoteSettingsPage.tsx')],
  ['/settings/vapi', () => import('./pages/settings/VapiCredentialPage.tsx')],
  ['/settings/calls', () => import('./pages/settings/CallRulesPage.tsx')],
  ['/settings/account', () => import('./pages/settings/AccountPage.tsx')],
  ['/integrations', () => import('./pages/integrations/IntegrationsPage.tsx')],
  ['/members', () => import('./pages/members/MembersPage.tsx')],
  ['/operations', () => import('./pages/operations/CircuitBreakersPage.tsx')],
  ['/operations/webhooks', () => import('./pages/operations/WebhooksPage.tsx')],
  ['/operations/alerts', () => import('./pages/operations/AlertsPage.tsx')],
  ['/operations/audit', () => import('./pages/operations/AuditPage.tsx')],
  ['/operations/releases', () => import('./pages/operations/ReleasesPage.tsx')],
  ['/operations/releases/$id', () => import('./pages/operations/VerificationPage.tsx')],
  ['/operations/support', () => import('./pages/operations/SupportPage.tsx')],
];

const REDIRECTS: [from: string, to: string][] = [
  ['/sign-in', paths.now()],
  ['/settings', paths.vapiRemoteSettings()],
];

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFound,
  // The place that was chosen lights up first; drawing its page takes a slow telephone much longer.
  beforeLoad: async ({ preload }): Promise<void> => {
    if (!preload && hasShownAPage()) await afterPaint();
  },
});
const shell = createRoute({ id: 'shell', getParentRoute: () => root, component: Shell, notFoundComponent: NotFound });

const routeTree = root.addChildren([
  shell.addChildren([
    createRoute({ path: '/', getParentRoute: () => shell, component: NowPage }),
    ...PAGES.map(([path, load]) =>
      createRoute({ path, getParentRoute: () => shell, component: lazyRouteComponent(load) }),
    ),
    ...REDIRECTS.map(([path, to]) =>
      createRoute({
        path,
        getParentRoute: () => shell,
        beforeLoad: () => {
          throw redirect({ to, replace: true });
        },
      }),
    ),
    createRoute({ path: '$', getParentRoute: () => shell, component: NotFound }),
  ]),
]);

const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  defaultPendingComponent: PageSkeleton,
  defaultPendingMs: 150,
  defaultErrorComponent: Crashed,
  scrollRestoration: true,
  // Plain words in the address, as a person would type them.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch,
});

export function Pages() {
  return <RouterProvider router={router} />;
}

function hasShownAPage(): boolean {
  return router.state.resolvedLocation !== undefined;
}

function stringifySearch(search: Record<string, unknown>): string {
  const given = Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
