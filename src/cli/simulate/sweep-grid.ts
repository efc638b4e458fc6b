/** The points of a sweep: what `--sweep KEY=VALUE,VALUE…` means. */
import { OctavoError } from '../../vocabulary/errors.js';

/** One combination of values: keys of the scenario with what they are set to. */
export type Point = readonly (readonly [key: string, value: string])[];

/** Every combination of the values of all keys. A key that is given again has more values. Throws USAGE. */
export function gridOf(sweeps: readonly string[]): Point[] {
  const byKey = new Map<string, string[]>();
  for (const sweep of sweeps) {
    const [, key, text] = /^([\w.-]+)=(.+)$/s.exec(sweep) ?? [];
    const values = key === undefined ? [] : valuesOf(text);
    if (values.length === 0 || values.includes('')) throw wrong(sweep);
    byKey.set(key, [...(byKey.get(key) ?? []), ...values]);
  }
  let points: Point[] = [[]];
  for (const [key, values] of byKey)
    points = points.flatMap((point) => values.map((value) => [...point, [key, value] as const]));
  return points;
}

const OPENING = '[{';
const CLOSING = ']}';

/** Values are YAML: a comma within brackets, braces or quotes belongs to the value. Empty when one is left open. */
function valuesOf(text: string): string[] {
  const values: string[] = [''];
  let depth = 0;
  let quote: string | undefined;
  for (const character of text) {
    if (quote !== undefined) quote = character === quote ? undefined : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (OPENING.includes(character)) depth++;
    else if (CLOSING.includes(character)) depth--;
    if (character === ',' && depth === 0 && quote === undefined) values.push('');
    else values[values.length - 1] += character;
  }
  return depth === 0 && quote === undefined ? values.map((value) => value.trim()) : [];
}

function wrong(sweep: string): OctavoError {
  const problem = `\`${sweep}\` is no KEY=VALUE,VALUE; a value with commas stands in brackets, braces or quotes`;
  return new OctavoError('USAGE', { problem, command: 'simulate' });
}
