/**
 * Kinds of a role (a policy, a source, an actuator) own their parameters: one zod object each, whose fields are made here
 * and know how a value is written, what it is for and what it is without being given. Options of the command line, help,
 * completion, the parameters of a plan, tables of the documents and checks of files all derive from it.
 */
import * as z from 'zod';
import { assert } from '../base/assert.js';
import type { FieldFacts, FieldText, ReadField, Spelling } from './field.js';
import { acceptedValues, quantityParser, type Unit, type ValueParser } from './quantities.js';

/** What every kind declares, whatever its role; the role adds how one is made. */
export interface Kind<Parameters extends z.ZodObject = z.ZodObject> {
  /** One line for `--help` and the documents: small letter, no full stop. */
  readonly brief: string;
  readonly parameters: Parameters;
  /** Kinds that this one is composed of: its parameters are those of its parts. */
  readonly parts?: Catalogue;
}

/** Kinds of one role by the names that users give. */
export type Catalogue<Any extends Kind = Kind> = Readonly<Record<string, Any>>;

/** Parameters of a kind that has none. */
export const NO_PARAMETERS = z.strictObject({});

const FACTS = new WeakMap<z.ZodType, FieldFacts>();
/** What each was made of: two schemas of one object are one declaration. */
const DECLARATIONS = new WeakMap<z.ZodType, object>();

function field<Schema extends z.ZodType>(schema: Schema, text: FieldText, spelling: Spelling): Schema {
  const described = schema.describe(text.brief);
  FACTS.set(described, { ...text, spelling });
  DECLARATIONS.set(described, text);
  return described;
}

/** A field that takes a number in the unit of programs, or a text as people write it. */
export type QuantityField = z.ZodType<number, number | string>;

type QuantityText = FieldText & { readonly min: number; readonly max: number };

function quantity(unit: Unit, { min, max, ...text }: QuantityText): QuantityField {
  const problem = `must be ${acceptedValues(unit, { min, max })}`;
  const parse = quantityParser(unit, { min, max });
  const schema = z.union([z.number(), z.string()], { error: problem }).transform((given, context) => {
    const value = typeof given === 'number' ? inRange(unit, given, min, max) : read(parse, given);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  });
  return field(schema, text, { type: 'quantity', unit, min, max });
}

function inRange(unit: Unit, value: number, min: number, max: number): number | undefined {
  const isWhole = unit !== 'count' || Number.isInteger(value);
  return isWhole && value >= min && value <= max ? value : undefined;
}

function read<Value>(parse: ValueParser<Value>, text: string): Value | undefined {
  try {
    return parse(text);
  } catch (problem) {
    if (problem instanceof SyntaxError) return undefined;
    throw problem;
  }
}

/** A fraction: `0.1` or `10%`. */
export const share = ({ min = 0, max = 1, ...text }: FieldText & Partial<Bounds>) =>
  quantity('share', { min, max, ...text });
/** A whole number: `100`, `1e3`. */
export const count = (text: QuantityText) => quantity('count', text);
/** A number that need not be whole. */
export const factor = (text: QuantityText) => quantity('factor', text);
/** Bytes: `512M`, `4GiB`. */
export const size = (text: QuantityText) => quantity('size', text);
/** Milliseconds: `500ms`, `1h30m`; a bare number in a text is seconds. */
export const duration = (text: QuantityText) => quantity('duration', text);

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A text that `parse` understands, kept as it was written. */
export function words(parse: ValueParser<unknown>, text: FieldText): z.ZodType<string, string> {
  const schema = z.string().refine((given) => read(parse, given) !== undefined, {
    error: `must be ${parse.accepts}`,
  });
  const asWritten = (given: string): string => {
    parse(given);
    return given;
  };
  const spelled = Object.assign(asWritten, { accepts: parse.accepts });
  return field(schema, text, { type: 'text', parse: spelled, isList: false });
}

/** Yes or no. */
export function toggle(text: FieldText): z.ZodBoolean {
  return field(z.boolean({ error: 'must be true or false' }), text, { type: 'switch' });
}

/** One of some words. */
export function choice<const Value extends string>(
  values: readonly [Value, ...Value[]],
  text: FieldText,
): z.ZodType<Value, Value> {
  const problem = `must be one of ${values.join(', ')}`;
  return field(z.enum(values, { error: problem }), text, { type: 'choice', values });
}

/** A value that is read from a text, or was read before. */
export function parsed<Value>(declaration: ReadField<Value, false>): z.ZodType<Value, Value | string> {
  return field(readBy(declaration.spelling.parse, declaration.isValue), declaration, declaration.spelling);
}

/** A list of such values. */
export function parsedList<Value>(
  declaration: ReadField<Value, true>,
): z.ZodType<readonly Value[], readonly (Value | string)[]> {
  const schema = z.array(readBy(declaration.spelling.parse, declaration.isValue), {
    error: 'must be a list',
  });
  return field(schema, declaration, declaration.spelling);
}

function readBy<Value>(parse: ValueParser<Value>, isValue: (given: unknown) => given is Value) {
  const problem = `must be ${parse.accepts}`;
  return z
    .custom<Value | string>((given) => given !== undefined)
    .transform((given, context): Value => {
      if (isValue(given) && typeof given !== 'string') return given;
      const value = typeof given === 'string' ? read(parse, given) : undefined;
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: problem });
      return z.NEVER;
    });
}

/** One parameter of a kind. */
export interface Field extends FieldText {
  readonly name: string;
  readonly option: string;
  readonly spelling: Spelling;
  /** The value when none is given; undefined when there is none. */
  readonly fallback: unknown;
  readonly isRequired: boolean;
}

/** Returns the fields of a kind's parameters, with the defaults of its schema. */
export function fieldsOf({ shape }: z.ZodObject): readonly Field[] {
  return Object.entries(shape).map(([name, schema]) => {
    const facts = FACTS.get(declared(schema as z.ZodType));
    assert(facts !== undefined, `parameter ${name} is not declared by vocabulary/kind.ts`);
    const absent = (schema as z.ZodType).safeParse(undefined);
    const fallback: unknown = absent.success ? absent.data : undefined;
    return {
      ...facts,
      option: facts.option ?? name,
      name,
      fallback,
      isRequired: !absent.success,
    };
  });
}

/** The field as it was declared, under whatever default it got. */
function declared(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional
    ? declared(schema.unwrap() as z.ZodType)
    : schema;
}

/** A parameter that one or more kinds have, each with its own fallback. */
export interface SharedField extends Omit<Field, 'fallback'> {
  /** Kinds that have it, in the catalogue's order, with what it is in each when not given. */
  readonly owners: readonly { readonly kind: string; readonly fallback: unknown }[];
}

/** Every parameter of some kinds. Fields of one name must be one declaration, or an option would mean two things. */
export function unionOf(kinds: Catalogue): readonly SharedField[] {
  const found = new Map<
    string,
    { schema: z.ZodType; field: Field; owners: SharedField['owners'][number][] }
  >();
  for (const [kind, { parameters }] of Object.entries(kinds)) {
    for (const field of fieldsOf(parameters)) {
      const schema = declared(parameters.shape[field.name] as z.ZodType);
      const one = found.get(field.name) ?? { schema, field, owners: [] };
      assert(
        isOneDeclaration(one.schema, schema),
        `${kind} declares ${field.name}, which another kind declares differently`,
      );
      one.owners.push({ kind, fallback: field.fallback });
      found.set(field.name, one);
    }
  }
  return [...found.values()].map(({ field: { fallback: _, ...field }, owners }) => ({ ...field, owners }));
}

function isOneDeclaration(one: z.ZodType, other: z.ZodType): boolean {
  return one === other || DECLARATIONS.get(one) === DECLARATIONS.get(other);
}

/** The schema of all parameters of some kinds; `other` replaces fallbacks that differ from those of the parts. */
export function composedParameters(parts: Catalogue, other: z.ZodRawShape = {}): z.ZodObject {
  unionOf(parts);
  const shapes = Object.values(parts).map(({ parameters }) => parameters.shape);
  return z.strictObject(Object.assign({}, ...shapes, other));
}

/** Of all parameters, those that one kind has. */
export function ownOf<Parameters extends z.ZodObject>(
  parameters: Parameters,
  all: Readonly<Record<string, unknown>>,
): z.output<Parameters> {
  const own = Object.keys(parameters.shape).map((name) => [name, all[name]] as const);
  return parameters.parse(Object.fromEntries(own)) as z.output<Parameters>;
}
