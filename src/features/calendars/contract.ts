/** Calendars as they cross the wire: connections, events, bookings. */
import { z } from 'zod';
import { timeSchema } from '../../http/shapes.ts';

export const CALENDAR_ERRORS = {
  stub_disabled_in_production: { status: 403, title: 'Stub integrations are disabled' },
  calendar_not_connected: { status: 409, title: 'This calendar is not connected' },
  calendar_not_configured: { status: 409, title: 'No OAuth client is configured for this calendar' },
  calendar_slot_taken: { status: 409, title: 'The time is taken' },
  calendar_reconnect: { status: 409, title: 'The calendar must be connected again' },
} as const;

export const CALENDAR_PROVIDERS = ['google', 'microsoft'] as const;
export const calendarProviderSchema = z.enum(CALENDAR_PROVIDERS).meta({ id: 'CalendarProvider' });
export const calendarParamsSchema = z.object({ provider: calendarProviderSchema });

/** Without `from`: now. Without `to`: seven days after `from`. At most 92 days. */
export const calendarEventsQuerySchema = z.object({
  from: timeSchema.optional(),
  to: timeSchema.optional(),
  limit: z.coerce.number().int().min(1).max(250).default(100),
});

/** The longest range that is read at once. */
export const MAX_RANGE_DAYS = 92;

export const calendarEventSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    start: timeSchema,
    end: timeSchema,
    /** Then `start` and `end` are midnights in UTC, `end` exclusive. */
    all_day: z.boolean(),
    location: z.string().nullable(),
    status: z.enum(['confirmed', 'tentative', 'cancelled']),
    url: z.string().nullable(),
    /** Present, and true, only on invented events. */
    stub: z.literal(true).optional(),
  })
  .meta({ id: 'CalendarEvent' });

export const calendarEventListSchema = z
  .object({
    /** True: every event is invented, because stub mode is on. */
    stub: z.boolean(),
    provider: calendarProviderSchema,
    events: z.array(calendarEventSchema),
    from: timeSchema,
    to: timeSchema,
    next_cursor: z.null(),
  })
  .meta({ id: 'CalendarEventList' });

export const calendarConnectionSchema = z
  .object({
    provider: calendarProviderSchema,
    /** Whether the operator has set the OAuth client of this provider. */
    configured: z.boolean(),
    /** `reconnect`: the provider took the permission back. */
    state: z.enum(['not_connected', 'connected', 'reconnect']),
    scope: z.string().nullable(),
    connected_at: timeSchema.nullable(),
    connected_by: z.string().nullable(),
  })
  .meta({ id: 'CalendarConnection' });

export const calendarConnectionListSchema = z
  .object({ connections: z.array(calendarConnectionSchema), stub: z.boolean(), next_cursor: z.null() })
  .meta({ id: 'CalendarConnectionList' });

export const calendarConnectionReplySchema = z
  .object({ connection: calendarConnectionSchema })
  .meta({ id: 'CalendarConnectionReply' });

/** Send the browser to `authorize_url`; it comes back to /integrations?calendar=…&result=connected|refused|expired. */
export const calendarAuthorizationSchema = z
  .object({ authorize_url: z.url(), expires_at: timeSchema })
  .meta({ id: 'CalendarAuthorization' });

export const calendarCallbackQuerySchema = z.object({
  state: z.string().max(512).optional(),
  code: z.string().max(4096).optional(),
  error: z.string().max(200).optional(),
});

const lineSchema = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .refine((value) => !/[\p{Cc}\u2028\u2029]/u.test(value), 'must not contain line breaks or control characters');

export const bookingBodySchema = z
  .strictObject({
    title: lineSchema(200).pipe(z.string().min(1)),
    start: timeSchema,
    end: timeSchema,
    location: lineSchema(200).optional(),
    description: z.string().max(4000).optional(),
    attendees: z.array(z.string().trim().max(254).pipe(z.email())).max(20).optional(),
  })
  .refine((booking) => Date.parse(booking.end) > Date.parse(booking.start), {
    path: ['end'],
    message: 'must be after start',
  })
  .meta({ id: 'BookingRequest' });

/** `created` is false where the same booking had been made before. */
export const bookingSchema = z
  .object({ event: calendarEventSchema, created: z.boolean(), stub: z.boolean() })
  .meta({ id: 'Booking' });

export type CalendarProvider = z.output<typeof calendarProviderSchema>;
export type CalendarEventWire = z.output<typeof calendarEventSchema>;
export type CalendarEventListWire = z.output<typeof calendarEventListSchema>;
export type CalendarConnectionWire = z.output<typeof calendarConnectionSchema>;
export type BookingBody = z.output<typeof bookingBodySchema>;
export type BookingWire = z.output<typeof bookingSchema>;
