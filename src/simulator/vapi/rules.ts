/**
 * The vocabulary in which `shapes.ts` writes down what Vapi accepts. A rule adds one sentence for each problem, in the
 * words of Vapi's own validator. Objects are closed: a property that is not named is refused.
 */
export type Rule = (value: unknown, at: At, problems: string[]) => void;
export type At = { path: string; name: string };
export type Fields = Record<string, Rule>;

export const any: Rule = () => {};

export function text(limits: { min?: number; max?: number; pattern?: RegExp } = {}): Rule {
  return (value, at, problems) => {
    if (typeof value !== 'string') return void problems.push(`${label(at)} must be a string`);
    if (limits.max !== undefined && value.length > limits.max)
      problems.push(`${label(at)} must be shorter than or equal to ${limits.max} characters`);
    if (limits.min !== undefined && value.length < limits.min)
      problems.push(`${label(at)} must be longer than or equal to ${limits.min} characters`);
    if (limits.pattern && !limits.pattern.test(value))
      problems.push(`${label(at)} must match ${String(limits.pattern)} regular expression`);
  };
}

export function number(min?: number, max?: number): Rule {
  return (value, at, problems) => {
    if (typeof value !== 'number' || !Number.isFinite(value))
      return void problems.push(`${label(at)} must be a number conforming to the specified constraints`);
    if (max !== undefined && value > max) problems.push(`${label(at)} must not be greater than ${max}`);
    if (min !== undefined && value < min) problems.push(`${label(at)} must not be less than ${min}`);
  };
}

export const flag: Rule = (value, at, problems) => {
  if (typeof value !== 'boolean') problems.push(`${label(at)} must be a boolean value`);
};

export function oneOf(...allowed: string[]): Rule {
  return (value, at, problems) => {
    if (!allowed.includes(value as string))
      problems.push(`${label(at)} must be one of the following values: ${allowed.join(', ')}`);
  };
}

export const freeObject: Rule = (value, at, problems) => {
  if (!isObject(value)) problems.push(`${label(at)} must be an object`);
};

export function list(item: Rule = any): Rule {
  return (value, at, problems) => {
    if (!Array.isArray(value)) return void problems.push(`${label(at)} must be an array`);
    value.forEach((entry, index) => item(entry, { path: label(at), name: String(index) }, problems));
  };
}

export function object(fields: Fields, required: string[] = []): Rule {
  return (value, at, problems) => {
    if (!isObject(value)) return void problems.push(`${label(at)} must be an object`);
    checkFields(value, { fields, required, path: label(at) }, problems);
  };
}

/** An object whose fields hang on one of its own, such as `provider`. */
export function union(key: string, branches: Record<string, { fields: Fields; required: string[] }>): Rule {
  return (value, at, problems) => {
    if (!isObject(value)) return void problems.push(`${label(at)} must be an object`);
    const branch = branches[String(value[key])];
    if (!branch) {
      const names = Object.keys(branches).join(', ');
      return void problems.push(`${label(at)}.${key} must be one of the following values: ${names}`);
    }
    checkFields(value, { ...branch, path: label(at) }, problems);
  };
}

/** Checks a whole body; no problems means that it is accepted. */
export function problemsOf(body: unknown, fields: Fields, required: string[] = []): string[] {
  const problems: string[] = [];
  if (!isObject(body)) return ['body must be an object'];
  checkFields(body, { fields, required, path: '' }, problems);
  return problems;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Shape = { fields: Fields; required: string[]; path: string };

function checkFields(value: Record<string, unknown>, { fields, required, path }: Shape, problems: string[]): void {
  const prefix = path ? `${path}.` : '';
  for (const [name, member] of Object.entries(value)) {
    const rule = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!rule) problems.push(`${prefix}property ${name} should not exist`);
    else if (member !== null && member !== undefined) rule(member, { path, name }, problems);
  }
  for (const name of required) {
    if (value[name] === undefined || value[name] === null) problems.push(`${prefix}${name} should not be empty`);
  }
}

function label({ path, name }: At): string {
  return path ? `${path}.${name}` : name;
}
