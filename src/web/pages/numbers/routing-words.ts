/** The routing's fields and their values in words, as a person compares them. */
import type { Assistant } from '../../../features/assistants/contract.ts';
import type { Text } from '../../text/en.ts';
import type { Hours, Person, RoutingFields } from './routing-draft.ts';

export function namesOf({ numbers }: Text): Record<keyof RoutingFields, string> {
  return {
    assistant_id: numbers.assistant,
    mode: numbers.mode,
    language: numbers.language,
    business_hours: numbers.hoursTitle,
    assistant_answers: numbers.answers,
    people: numbers.people,
    strategy: numbers.strategy,
    ring_seconds: numbers.ringSeconds,
    confirm: numbers.confirm,
    voicemail: numbers.voicemail,
    message: numbers.message,
  };
}

export function wordsFor(field: keyof RoutingFields, value: unknown, text: Text, assistants: Assistant[]): string {
  const { numbers, words } = text;
  if (typeof value === 'boolean') return value ? words.on : words.off;
  switch (field) {
    case 'assistant_id':
      return assistants.find((one) => one.assistant_id === value)?.name ?? numbers.noAssistant;
    case 'mode':
      return numbers.modes[String(value)] ?? String(value);
    case 'assistant_answers':
      return numbers.answersWhen[String(value)] ?? String(value);
    case 'strategy':
      return numbers.strategies[String(value)] ?? String(value);
    case 'ring_seconds':
      return words.seconds(Number(value));
    case 'people':
      return (value as Person[]).map(({ name, phone_number: number }) => `${name}, ${number}`).join('\n');
    case 'business_hours':
      return hoursInWords(value as Hours | null, text);
    default:
      return String(value);
  }
}

function hoursInWords(hours: Hours | null, { numbers, words }: Text): string {
  if (hours === null) return words.off;
  const openings = hours.openings.map(
    ({ days, from, to }) => `${days.map((day) => numbers.days[day]).join(', ')} ${from}–${to}`,
  );
  return [hours.time_zone, ...openings].join('\n');
}
