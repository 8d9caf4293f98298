import { createClient } from '../../client.ts';
import { createTransport } from '../../client-transport.ts';
import { authorizer } from '../session/session.ts';

/** The API on behalf of the person who is signed in. */
export const api = createClient(createTransport({ baseUrl: '', authorizer }));
