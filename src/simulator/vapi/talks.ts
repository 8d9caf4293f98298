import type { Random } from '../random.ts';

/** What callers of a clinic say, and what its assistant answers. */
export type Talk = { turns: { user: string; bot: string }[]; summary: string; intent: string };

const talks: Talk[] = [
  {
    intent: 'reschedule',
    summary: 'The caller moved an appointment from Tuesday to Friday at half past nine.',
    turns: [
      { user: 'I would like to move my appointment on Tuesday.', bot: 'Of course. Friday at half past nine is free.' },
      { user: 'Friday is fine, thank you.', bot: 'Done. You will get a message that confirms it.' },
    ],
  },
  {
    intent: 'opening_hours',
    summary: 'The caller asked for the opening hours on Saturday.',
    turns: [{ user: 'Are you open on Saturdays?', bot: 'Yes, on Saturdays from nine until one o’clock.' }],
  },
  {
    intent: 'new_patient',
    summary: 'A new patient asked how to register and booked a first visit.',
    turns: [
      { user: 'I am new in town. Do you take new patients?', bot: 'We do. May I have your name, please?' },
      { user: 'Robin Hale.', bot: 'Thank you, Robin. Would Monday at eleven suit you?' },
      { user: 'Monday at eleven is good.', bot: 'Then you are booked for Monday at eleven.' },
    ],
  },
  {
    intent: 'pain',
    summary: 'The caller has toothache and got the emergency slot of today.',
    turns: [
      { user: 'I have had a bad toothache since last night.', bot: 'I am sorry. There is a slot today at three.' },
      { user: 'I will take it.', bot: 'It is yours. Please come ten minutes early.' },
    ],
  },
  {
    intent: 'invoice',
    summary: 'The caller asked about an invoice; a colleague will call back.',
    turns: [
      { user: 'I do not understand my last invoice.', bot: 'A colleague will look at it and call you back today.' },
    ],
  },
];

/** The caller's own words when a script has some, otherwise a talk that the seed picks. */
export function talkFor(random: Random, says: string[] | undefined): Talk {
  if (!says) return random.pick(talks);
  const turns = says.map((user) => ({ user, bot: 'I see. Let me take care of that for you.' }));
  return { turns, summary: `The caller said: ${says.join(' ')}`, intent: 'scripted' };
}
