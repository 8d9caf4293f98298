/** How a person behaves when an outside number is rung. */
export type Person = {
  /** `machine` picks up like a person, but never presses a key. */
  answers: 'yes' | 'no' | 'busy' | 'failed' | 'machine';
  /** Seconds of ringing before it is picked up. */
  afterSeconds?: number;
  /** The key pressed when a voice asks for one; missing: `1`. Null: none. */
  presses?: string | null;
  /** How long the talk with the caller lasts. */
  talksForSeconds?: number;
  /** The `DialCallStatus` after the instructions of a `Number` hung up on this person; vendors' words differ. */
  whenScreenedOut?: 'no-answer' | 'completed';
};

export type People = {
  set(phoneNumber: string, person: Person): void;
  at(phoneNumber: string): Required<Person>;
};

/** Whoever is not in the table picks up after four seconds and presses 1. */
const anyone: Required<Person> = {
  answers: 'yes',
  afterSeconds: 4,
  presses: '1',
  talksForSeconds: 60,
  whenScreenedOut: 'no-answer',
};

export function createPeople(): People {
  const table = new Map<string, Person>();
  return {
    set: (phoneNumber, person) => void table.set(phoneNumber, person),
    at: (phoneNumber) => ({ ...anyone, ...table.get(phoneNumber) }),
  };
}
