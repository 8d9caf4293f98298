/** Which methods an address answers, so that the wrong one gets 405 with Allow instead of 404. */
import type { App } from './app-type.ts';

type RouteShape = { segments: string[]; methods: Set<string> };

export function rememberRoutes(app: App): RouteShape[] {
  const routes: RouteShape[] = [];
  app.addHook('onRoute', (route) => {
    if (route.url.includes('*')) return;
    routes.push({ segments: route.url.split('/'), methods: new Set([route.method].flat().map(String)) });
  });
  return routes;
}

export function allowedMethods(routes: RouteShape[], url: string): string[] {
  const segments = url.split('?', 1)[0]!.split('/');
  const methods = new Set<string>();
  for (const route of routes) {
    if (matches(route.segments, segments)) for (const method of route.methods) methods.add(method);
  }
  return [...methods].toSorted();
}

function matches(pattern: string[], segments: string[]): boolean {
  return pattern.length === segments.length && pattern.every((part, i) => part.startsWith(':') || part === segments[i]);
}
