/** What a schema found wrong with a document, in words of ours and with the path of the key. */
import type * as z from 'zod';

/** One fault of a document, in words, with the path of the key. */
export interface SchemaProblem {
  readonly problem: string;
  /** `steps.3.proposal.block`, `the top level`. */
  readonly place: string;
}

type Issue = z.core.$ZodIssue;

/** The first problem; the others often follow from it. */
export function schemaProblem({ issues: [issue] }: z.ZodError): SchemaProblem {
  const extra = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const place = [...issue.path, ...extra].map(String).join('.') || 'the top level';
  return { problem: wordsFor(issue), place };
}

function wordsFor(issue: Issue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `has the unknown key \`${issue.keys[0]}\``;
    case 'invalid_type':
      return issue.input === undefined && !('received' in issue) && isMissing(issue)
        ? `lacks this ${name(issue.expected)}`
        : `should be ${article(name(issue.expected))}`;
    case 'too_small':
      return `should be at least ${issue.minimum}${issue.inclusive === false ? ', and more' : ''}`;
    case 'too_big':
      return `should be at most ${issue.maximum}${issue.inclusive === false ? ', and less' : ''}`;
    case 'invalid_value':
      return `should be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(shown).join(', ')}`;
    case 'not_multiple_of':
      return `should be a multiple of ${issue.divisor}`;
    case 'invalid_union':
      return 'has none of the forms that it may have';
    case 'custom':
      return issue.message;
    default:
      return 'is not written as it should be';
  }
}

/** The library says so only in its message, which names what it received. */
function isMissing({ message }: Issue): boolean {
  return message.endsWith('received undefined');
}

const NAMES: Readonly<Record<string, string>> = {
  int: 'whole number',
  string: 'text',
  array: 'list',
  object: 'set of keys',
  record: 'set of keys',
  boolean: 'true or false',
};

const name = (type: string) => NAMES[type] ?? type;
const article = (noun: string) => (noun === 'true or false' || noun === 'null' ? noun : `a ${noun}`);
const shown = (value: unknown) => `\`${String(value)}\``;
