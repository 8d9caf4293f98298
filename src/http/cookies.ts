/** Routes that read or set a cookie stand in a scope of their own: what has nothing to do with cookies pays nothing for them. */
import fastifyCookie from '@fastify/cookie';
import type { App } from './app-type.ts';

export function openCookieScope(app: App, routes: (scope: App) => void): void {
  void app.register(async (scope) => {
    await scope.register(fastifyCookie);
    routes(scope);
  });
}
