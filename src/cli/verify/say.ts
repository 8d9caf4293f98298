/**
 * What a check says, kept as the sentence and what stands in its gaps: the English of the terminal is made of it, and
 * the dashboard finds the sentence in its reader's language by its English words.
 */
export type Said = readonly { words: string; values: string[] }[];

const LONGEST_VALUE = 1000;

/** A sentence whose gaps are numbered. */
export function say(parts: TemplateStringsArray, ...values: unknown[]): Said {
  const words = parts.reduce((text, part, index) => `${text}{${index - 1}}${part}`);
  return [{ words, values: values.map((value) => String(value).slice(0, LONGEST_VALUE)) }];
}

export function textOf(said: Said): string {
  const sentence = ({ words, values }: Said[number]) =>
    words.replaceAll(/\{(\d)\}/g, (_gap, index: string) => values[Number(index)] ?? '');
  return said.map(sentence).join(' ');
}
