/** The routing form's content, and what is wrong with it. */
import type { Routing, RoutingInput } from '../../../features/phone-numbers/routing-contract.ts';

export type RoutingDraft = Omit<RoutingInput, 'reason'>;
export type Person = RoutingDraft['fallback']['people'][number];
export type Hours = NonNullable<RoutingDraft['business_hours']>;

const NUMBER = /^\+[1-9]\d{6,14}$/;

/** Only what may be sent back: the server refuses members that are its own. */
export function draftOf(routing: Routing): RoutingDraft {
  const { assistant_id, mode, fallback, language, business_hours, assistant_answers } = routing;
  return { assistant_id, mode, fallback, language, business_hours, assistant_answers };
}

export function compactNumber(typed: string): string {
  return typed.replace(/[\s().-]/g, '');
}

export function isNumber(typed: string): boolean {
  return NUMBER.test(compactNumber(typed));
}

export function isComplete(draft: RoutingDraft): boolean {
  const { people, ring_seconds: seconds } = draft.fallback;
  return (
    people.every(({ name, phone_number }) => name.trim() !== '' && isNumber(phone_number)) &&
    seconds >= 5 &&
    seconds <= 60
  );
}

/** What is sent: numbers without blanks. */
export function cleaned(draft: RoutingDraft): RoutingDraft {
  const people = draft.fallback.people.map(({ name, phone_number }) => ({
    name: name.trim(),
    phone_number: compactNumber(phone_number),
  }));
  return { ...draft, fallback: { ...draft.fallback, people } };
}

/** The form as one level of fields, each of which two people may change without touching the others. */
export type RoutingFields = Omit<RoutingDraft, 'fallback'> & RoutingDraft['fallback'];

export function fieldsOf({ fallback, ...rest }: RoutingDraft): RoutingFields {
  return { ...rest, ...fallback };
}

export function draftFrom(fields: RoutingFields): RoutingDraft {
  const { assistant_id, mode, language, business_hours, assistant_answers, ...fallback } = fields;
  return { assistant_id, mode, language, business_hours, assistant_answers, fallback };
}
