/** Counters by name, as one look finds them. */
export type Counters = Record<string, number>;

export type Criterion = { name: string; state: 'pass' | 'fail' | 'hold'; detail: string };
