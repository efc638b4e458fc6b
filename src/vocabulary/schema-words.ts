/** What is wrong with a value that does not fit its schema, in Octavo's words instead of the library's. */
import type * as z from 'zod';

type Issue = Parameters<z.core.$ZodErrorMap>[0];

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a set of keys',
  record: 'a set of keys',
};

/** To be given to `safeParse` as its `error`; what a schema says itself comes first. */
export function schemaWords(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is missing'
        : `must be ${KINDS[issue.expected] ?? issue.expected}, not ${shown(issue.input)}`;
    case 'invalid_value':
      return issue.input === undefined
        ? 'is missing'
        : `must be ${issue.values.map(String).join(' or ')}, not ${shown(issue.input)}`;
    case 'too_small':
      return `must be ${bound('at least', issue.minimum, issue.origin)}`;
    case 'too_big':
      return `must be ${bound('at most', issue.maximum, issue.origin)}`;
    case 'unrecognized_keys':
      return `unknown key ${issue.keys[0]}`;
    case 'invalid_union':
      return issue.input === undefined ? 'is missing' : `must be of another kind than ${shown(issue.input)}`;
    default:
      return undefined;
  }
}

function bound(side: string, limit: number | bigint, origin: string): string {
  const unit =
    origin === 'array' || origin === 'set' ? ' entries long' : origin === 'string' ? ' letters long' : '';
  return `${side} ${limit}${unit}`;
}

const LONGEST_SHOWN = 40;

function shown(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a set of keys';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
