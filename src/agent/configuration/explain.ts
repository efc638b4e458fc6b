/** What a key of the configuration is, as data: the terminal and docs/agent.md put it in words. */

import { OctavoError } from '../../vocabulary/errors.js';
import { shownValue } from '../../vocabulary/field.js';
import { type Field, fieldsOf } from '../../vocabulary/kind.js';
import { acceptedWords, unknownKey } from './check.js';
import { fieldOf, innerOf, keysOf, type Section } from './section.js';
import { CONFIGURATION } from './sections.js';

/** One key of the configuration with all that `octavo config explain` says of it. */
export interface KeyText {
  /** `targets.budgets.lockShare` */
  readonly key: string;
  readonly brief: string;
  /** `must be …`; empty for a key that holds further keys. */
  readonly accepts: string;
  /** As it is written; undefined when there is none. */
  readonly fallback: string | undefined;
  readonly isRequired: boolean;
  /** Keys in it. */
  readonly keys: readonly string[];
}

/** A key by its path; numbers of list entries may stand in it. Throws CONFIGURATION_KEY. */
export function explained(path: string): KeyText {
  let section = CONFIGURATION;
  const parts = path.split('.').filter((part) => part !== '' && !/^\d+$/.test(part));
  for (const [index, part] of parts.entries()) {
    const key = parts.slice(0, index + 1).join('.');
    const field = fieldOf(section, part);
    if (field !== undefined && index === parts.length - 1) return ofField(key, field);
    const inner = field === undefined ? innerOf(section, part) : undefined;
    if (inner === undefined) {
      const problem =
        field === undefined ? unknownKey(section, part) : `\`${part}\` holds a value and no keys`;
      throw new OctavoError('CONFIGURATION_KEY', { key: path, problem });
    }
    section = inner;
  }
  return ofSection(parts.join('.'), section);
}

function ofSection(key: string, section: Section): KeyText {
  return {
    key,
    brief: section.brief,
    accepts: '',
    fallback: undefined,
    isRequired: false,
    keys: keysOf(section),
  };
}

function ofField(key: string, field: Field): KeyText {
  const fallback = field.fallback === undefined ? undefined : writtenValue(field, field.fallback);
  return {
    key,
    brief: field.brief,
    accepts: acceptedWords(field),
    fallback,
    isRequired: field.isRequired,
    keys: [],
  };
}

/** Every key, sections before what is in them. */
export function everyKey(section = CONFIGURATION, path = ''): readonly KeyText[] {
  const at = (key: string) => (path === '' ? key : `${path}.${key}`);
  const own = fieldsOf(section.fields).map((field) => ofField(at(field.name), field));
  const inner = [...Object.entries(section.sections ?? {}), ...Object.entries(section.lists ?? {})];
  return [...own, ...inner.flatMap(([key, one]) => [ofSection(at(key), one), ...everyKey(one, at(key))])];
}

/** A value as a configuration writes it. */
export function writtenValue({ spelling }: Field, value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(quoted).join(', ')}]`;
  if (spelling.type === 'switch') return String(value === true);
  if (spelling.type === 'quantity') return shownValue(spelling, value);
  return quoted(value);
}

/** Words as they are, everything else between quotes, as YAML and JSON read it. */
function quoted(value: unknown): string {
  const text = String(value);
  return /^[A-Za-z/][\w./@%+-]*$/.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text)
    ? text
    : JSON.stringify(text);
}
