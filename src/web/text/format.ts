/** Times, durations, money and telephone numbers as people of a language read them. */
import type { Text } from './en.ts';

export type Format = ReturnType<typeof createFormat>;

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

export function createFormat(locale: string, text: Text) {
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const shortDate = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
  const timeOfEvent = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const money = new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD', maximumFractionDigits: 3 });

  return {
    dateTime: (iso: string) => dateTime.format(new Date(iso)),
    date: (iso: string) => date.format(new Date(iso)),
    shortDate: (iso: string) => shortDate.format(new Date(iso)),
    time: (iso: string) => time.format(new Date(iso)),
    timeOfEvent: (iso: string) => timeOfEvent.format(new Date(iso)),
    number: (value: number) => number.format(value),
    money: (usd: number) => money.format(usd),
    /** “3 minutes ago”; older than a month: the date. */
    age(iso: string, nowMs: number = Date.now()): string {
      const seconds = Math.round((new Date(iso).getTime() - nowMs) / 1000);
      if (Math.abs(seconds) < 10) return text.words.now;
      if (Math.abs(seconds) > 30 * 86_400) return date.format(new Date(iso));
      const [unit, size] = UNITS.find(([, span]) => Math.abs(seconds) >= span) ?? ['second', 1];
      return relative.format(Math.trunc(seconds / size), unit);
    },
    /** Minutes and seconds as on a clock: 2:05. */
    clock(seconds: number): string {
      const whole = Math.max(0, Math.floor(seconds));
      const hours = Math.floor(whole / 3600);
      const minutes = Math.floor((whole % 3600) / 60);
      const rest = String(whole % 60).padStart(2, '0');
      return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
    },
    /** A span in its two largest units: 1 h 20 min. */
    span(seconds: number): string {
      const whole = Math.max(0, Math.round(seconds));
      if (whole < 60) return `${whole} s`;
      const minutes = Math.floor(whole / 60);
      if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
      const hours = Math.floor(minutes / 60);
      if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
      return `${Math.floor(hours / 24)} d ${hours % 24} h`;
    },
    /** Milliseconds below a second, then seconds. */
    milliseconds: (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${number.format(ms / 1000)} s`),
    phone: spacedNumber,
  };
}

/** Groups the digits of an international number; anything else stays as it is. */
export function spacedNumber(value: string | null): string {
  if (value === null) return '';
  const northAmerica = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(value);
  if (northAmerica !== null) return `+1 ${northAmerica[1]} ${northAmerica[2]} ${northAmerica[3]}`;
  const france = /^\+33(\d)(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(value);
  if (france !== null) return `+33 ${france.slice(1).join(' ')}`;
  const elsewhere = /^\+(\d{2})(\d{2,3})(\d+)$/.exec(value);
  if (elsewhere === null) return value;
  return `+${elsewhere[1]} ${elsewhere[2]} ${(elsewhere[3] ?? '').replace(/(\d{3})(?=\d{2})/g, '$1 ')}`;
}
