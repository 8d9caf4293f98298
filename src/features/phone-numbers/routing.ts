/** What other rooms may know of routing: the table of numbers, and the steps of a fallback plan. */
export type { NumberRouting, RoutingTable } from './routing-table.ts';
export { fallbackStep, LAST_RESORT_TWIML, thanks, whisper } from './fallback.ts';
export type { FallbackRoute, FallbackStep, RoutingPlan } from './fallback.ts';
export { createRoutingTable } from './routing-table.ts';
export { isOpenAt } from './business-hours.ts';
