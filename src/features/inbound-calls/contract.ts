/** Who took a ringing call, and why it was not somebody else: the words of metrics, calls, timelines and the routing test. */
import { z } from 'zod';

/** Who a caller reached. `loop`: the call came back to the number that it was forwarded from, and was stopped. */
export const CALL_ROUTES = ['ai', 'person', 'voicemail', 'sentence'] as const;
export type CallRoute = (typeof CALL_ROUTES)[number];

/** Why that route was chosen, as stable codes with the sentence that a person reads. */
export const ROUTE_REASONS = {
  assistant_ready: 'The assistant answers.',
  circuit_open: 'Vapi has been failing, so AVA does not ask it now.',
  vapi_late: 'Vapi did not answer in time.',
  vapi_failed: 'Vapi could not be reached or answered with an error.',
  vapi_refused: 'Vapi refused the call.',
  vapi_nonsense: 'Vapi answered with something that is not valid TwiML.',
  vapi_not_configured: 'There is no Vapi key for this tenant.',
  no_assistant: 'No assistant is assigned to this number.',
  number_not_at_vapi: 'The number is not imported into Vapi.',
  assistant_resting: 'The assistant does not answer at this hour.',
  outside_hours: 'It is outside business hours, so nobody is rung.',
  mode_off: 'AVA does not route this number.',
  assistant_asked: 'The assistant passed the caller on to a person.',
  assistant_dropped: 'The conversation with the assistant broke off.',
  nobody_answered: 'None of the people answered.',
  no_people: 'Nobody is named in the fallback plan.',
  loop: 'The call came back to the number that it was forwarded from.',
  unknown_number: 'The number is not known to AVA.',
  database_away: 'The database did not answer; the last known routing was used.',
  ava_failed: 'AVA itself failed while it answered.',
} as const;
export type RouteReason = keyof typeof ROUTE_REASONS;

export const callRouteSchema = z.enum(CALL_ROUTES).meta({ id: 'CallRoute' });
export const routeReasonSchema = z
  .enum(Object.keys(ROUTE_REASONS) as [RouteReason, ...RouteReason[]])
  .meta({ id: 'RouteReason' });
