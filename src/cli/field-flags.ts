/** Options that are declared as fields: how the argument parser takes each. Without schemas, which take time to load. */
import type { FieldFacts, ReadField, SwitchField } from '../vocabulary/field.js';
import { quantityParser, type ValueParser } from '../vocabulary/quantities.js';

/** A flag as the argument parser takes it. */
export interface FieldFlag {
  readonly kind: 'boolean' | 'enum' | 'parsed';
  readonly brief: string;
  readonly optional: true;
}

/** The flag of a field. `brief` is shown as it is; a switch that is on by default can be put off. */
export function flagOf(
  { spelling, placeholder }: FieldFacts,
  brief: string,
  isOnByDefault = false,
): FieldFlag {
  const common = { brief, optional: true } as const;
  if (spelling.type === 'switch') return { ...common, ...{ kind: 'boolean', withNegated: isOnByDefault } };
  if (spelling.type === 'choice') return { ...common, ...{ kind: 'enum', values: spelling.values } };
  const parsed = { ...common, kind: 'parsed', placeholder: placeholder ?? placeholderOf(spelling) } as const;
  if (spelling.type === 'text')
    return { ...parsed, ...{ parse: spelling.parse, ...(spelling.isList ? { variadic: true } : {}) } };
  return { ...parsed, ...{ parse: quantityParser(spelling.unit, spelling) } };
}

function placeholderOf(spelling: FieldFacts['spelling']): string {
  if (spelling.type !== 'quantity') return 'value';
  return spelling.unit === 'size' ? 'bytes' : spelling.unit;
}

/** A brief as a sentence begins. */
export function sentence(brief: string): string {
  return `${brief[0].toUpperCase()}${brief.slice(1)}`;
}

type FlagOf<Field> = { readonly brief: string; readonly optional: true } & (Field extends SwitchField
  ? { readonly kind: 'boolean' }
  : Field extends ReadField<infer Value, infer List>
    ? List extends true
      ? { readonly kind: 'parsed'; readonly parse: ValueParser<Value>; readonly variadic: true }
      : { readonly kind: 'parsed'; readonly parse: ValueParser<Value> }
    : never);

/** Options of some fields, for a command that has them as its own. */
export function fieldFlags<Fields extends Readonly<Record<string, FieldFacts>>>(
  fields: Fields,
): { readonly [Name in keyof Fields]: FlagOf<Fields[Name]> } {
  const flags = Object.entries(fields).map(([name, field]) => [name, flagOf(field, sentence(field.brief))]);
  return Object.fromEntries(flags);
}
