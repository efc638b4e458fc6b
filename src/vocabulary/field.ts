/**
 * Fields of kinds and options of commands, as they are declared: without a schema, so that a command that only has such
 * options loads no library of schemas.
 */
import { QUANTITIES, type Unit, type ValueParser } from './quantities.js';

/** How the value of a field is written. */
export type Spelling =
  | { readonly type: 'quantity'; readonly unit: Unit; readonly min: number; readonly max: number }
  | { readonly type: 'switch' }
  | { readonly type: 'choice'; readonly values: readonly string[] }
  | { readonly type: 'text'; readonly parse: ValueParser<unknown>; readonly isList: boolean };

/** How a field reads in help. */
export interface FieldText {
  /** What a value does, as `--help` shows it: small letter, no full stop, no default. */
  readonly brief: string;
  /** The option's name in camel case; the field's own when absent. */
  readonly option?: string;
  /** What stands for the value in `--help`; the unit when absent. */
  readonly placeholder?: string;
}

/** A field as it is declared: what it is for, and how a value is written. */
export type FieldFacts = FieldText & { readonly spelling: Spelling };

/** A field with values that `parse` reads; `isValue` knows one that was read already. */
export interface ReadField<Value, List extends boolean = boolean> extends FieldText {
  readonly spelling: { readonly type: 'text'; readonly parse: ValueParser<Value>; readonly isList: List };
  readonly isValue: (given: unknown) => given is Value;
}

/** Declares a field that is read by a parser. The parser throws a SyntaxError. */
export function readField<Value>(
  parse: ValueParser<Value>,
  isValue: (given: unknown) => given is Value,
  text: FieldText,
): ReadField<Value, false> {
  return { ...text, isValue, spelling: { type: 'text', parse, isList: false } };
}

/** A list of such values, one for each time that the option is given. */
export function listField<Value>(
  parse: ValueParser<Value>,
  isValue: (given: unknown) => given is Value,
  text: FieldText,
): ReadField<Value, true> {
  return { ...text, isValue, spelling: { type: 'text', parse, isList: true } };
}

/** Yes or no. */
export interface SwitchField extends FieldText {
  readonly spelling: { readonly type: 'switch' };
}

/** Declares a field that is on or off. */
export function switchField(text: FieldText): SwitchField {
  return { ...text, spelling: { type: 'switch' } };
}

/** Any word but an empty one, which is a forgotten variable of a script. */
export const WORD: ValueParser<string> = Object.assign(
  (text: string): string => {
    if (text.trim() === '') throw new SyntaxError('is empty');
    return text;
  },
  { accepts: 'a word' },
);

/** Whether a given value is a text. */
export const isText = (given: unknown): given is string => typeof given === 'string';

/** A value as options and documents write it. */
export function shownValue(spelling: Spelling, value: unknown): string {
  if (spelling.type === 'switch') return value === true ? 'yes' : 'no';
  if (spelling.type === 'quantity') return QUANTITIES[spelling.unit].show(Number(value));
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** `sparseBelow` as it is printed and typed: `sparse-below`. */
export function optionWords(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
