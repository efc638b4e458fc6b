/** JSON whose errors say where they are, in words of ours: those of the engine differ from version to version. */
import { failure, type Result, success } from './result.js';

/** What is wrong with a text, and where. */
export interface TextProblem {
  readonly problem: string;
  /** `line 3, column 14`; both count from 1. */
  readonly place: string;
}

/** Parses JSON. A fault is a value with line and column, in the same words on every version of Node. */
export function parseJson(text: string): Result<unknown, TextProblem> {
  try {
    return success(JSON.parse(text));
  } catch {
    const at = firstFault(text);
    const problem = at >= text.trimEnd().length ? 'the JSON text ends too early' : 'is no JSON';
    return failure({ problem, place: placeOf(text, at) });
  }
}

/** `line 3, column 14` of an offset. */
export function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `line ${before.length}, column ${before[before.length - 1].length + 1}`;
}

const TOKEN =
  /\s*(?:([{}[\],:])|("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-f]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])|true\b|false\b|null\b))/iuy;

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or end' | 'nothing';

/** Offset of the first token that does not belong there, the length of the text when one is missing. */
function firstFault(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  for (let at = 0; ; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null) return at + text.slice(at).search(/\S|$/);
    const [whole, sign, string] = found;
    const next = follow(expected, sign ?? (string === undefined ? 'literal' : 'string'), open);
    if (next === undefined) return at + whole.search(/\S/);
    expected = next;
  }
}

/** What may follow a token, undefined when it may not stand where it does. Keeps the brackets that are open. */
function follow(expected: Expected, token: string, open: string[]): Expected | undefined {
  const isValue = expected === 'value' || expected === 'value or ]';
  const done = () => (open.length === 0 ? 'nothing' : 'comma or end');
  if (token === 'string' && expected.startsWith('key')) return 'colon';
  if (token === 'string' || token === 'literal') return isValue ? done() : undefined;
  if (token === '{' || token === '[') {
    if (!isValue) return undefined;
    open.push(token);
    return token === '{' ? 'key or }' : 'value or ]';
  }
  if (token === ':') return expected === 'colon' ? 'value' : undefined;
  const inside = open[open.length - 1];
  if (token === ',' && expected === 'comma or end') return inside === '{' ? 'key' : 'value';
  const closes = (token === '}' && inside === '{') || (token === ']' && inside === '[');
  if (!closes || !(expected === 'comma or end' || expected.endsWith(token))) return undefined;
  open.pop();
  return done();
}
