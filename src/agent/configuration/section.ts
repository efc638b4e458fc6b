/**
 * The shape of a configuration: sections of keys, whose values are fields as kinds declare them (vocabulary/kind.ts). The
 * check, `config explain`, `config print`, the JSON Schema and the tables of docs/agent.md all derive from it.
 */
import * as z from 'zod';
import { type Catalogue, type Field, fieldsOf } from '../../vocabulary/kind.js';

/** One level of the configuration: its own values, the sections in it, and its lists of sections. */
export interface Section {
  /** One line: small letter, no full stop. */
  readonly brief: string;
  /** Keys with a value, by name: a zod object of fields. */
  readonly fields: z.ZodObject;
  /** Whether the whole of it means nothing when it is not given. */
  readonly isOptional?: boolean;
  /** Keys that hold further keys. */
  readonly sections?: Readonly<Record<string, Section>>;
  /** Keys that hold a list of sections. */
  readonly lists?: Readonly<Record<string, Section>>;
}

/** The keys of a section in the order in which they are told. */
export function keysOf({ fields, sections = {}, lists = {} }: Section): readonly string[] {
  return [...Object.keys(fields.shape), ...Object.keys(sections), ...Object.keys(lists)];
}

const FIELDS = new WeakMap<Section, ReadonlyMap<string, Field>>();

/** Returns the declaration of a key's value; undefined where the section has no such key. */
export function fieldOf(section: Section, key: string): Field | undefined {
  let found = FIELDS.get(section);
  if (found === undefined) {
    found = new Map(fieldsOf(section.fields).map((field) => [field.name, field]));
    FIELDS.set(section, found);
  }
  return found.get(key);
}

/** The section behind a key, whether it holds one or a list of them. */
export function innerOf({ sections = {}, lists = {} }: Section, key: string): Section | undefined {
  if (Object.hasOwn(sections, key)) return sections[key];
  return Object.hasOwn(lists, key) ? lists[key] : undefined;
}

/** A section with every parameter of some kinds, none of them required: which are asked for depends on what is chosen. */
export function parametersOf(brief: string, kinds: Catalogue): Section {
  const shape: Record<string, z.ZodType> = {};
  for (const { parameters } of Object.values(kinds))
    for (const [name, schema] of Object.entries(parameters.shape))
      shape[name] ??= z.optional(withoutDefault(schema as z.ZodType));
  return { brief, fields: z.strictObject(shape) };
}

function withoutDefault(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional
    ? withoutDefault(schema.unwrap() as z.ZodType)
    : schema;
}
