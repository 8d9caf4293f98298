import type { SessionWire } from './contract.ts';
import type { SignedIn } from './session-parts.ts';

/** The answer of login, refresh and switch-tenant; `refreshToken` only where it does not go into the cookie. */
export function sessionWire(signedIn: SignedIn, refreshToken?: string): SessionWire {
  const { accessToken, expiresInSeconds, user, tenant, role, tenants } = signedIn;
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    user,
    tenant,
    role,
    tenants,
  };
}
