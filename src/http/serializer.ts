/**
 * Answers as text. The shape of the route decides what leaves: a field that the contract does not name stays inside.
 * An answer that its room has frozen can never change, so its text is made once and kept as long as the answer is.
 */
import { serializerCompiler } from 'fastify-type-provider-zod';

type Compiler = typeof serializerCompiler;

export const keepFrozenAnswers: Compiler = (route) => {
  const serialize = serializerCompiler(route);
  const kept = new WeakMap<object, string>();
  return (data: unknown) => {
    if (typeof data !== 'object' || data === null || !Object.isFrozen(data)) return serialize(data);
    const known = kept.get(data);
    if (known !== undefined) return known;
    const text = serialize(data);
    kept.set(data, text);
    return text;
  };
};
