/** Options that kinds declare as their parameters: how each is parsed, what help says of it, and whose it is. */
import { assert } from '../base/assert.js';
import { OctavoError } from '../vocabulary/errors.js';
import { type Catalogue, optionWords, type SharedField, shownValue, unionOf } from '../vocabulary/kind.js';
import { quantityParser } from '../vocabulary/quantities.js';

/** A flag as the argument parser takes it. */
interface KindFlag {
  readonly kind: 'boolean' | 'enum' | 'parsed';
  readonly brief: string;
  readonly optional: true;
}

/** One option for each parameter of some kinds, by its name in camel case. */
export function kindFlags(kinds: Catalogue): Readonly<Record<string, KindFlag>> {
  return Object.fromEntries(unionOf(kinds).map((field) => [field.option, flagOf(field, kinds)]));
}

/** Puts options of kinds among those of a command; one name for two things is a bug. */
export function withKindFlags<Flags extends object>(flags: Flags, kinds: Catalogue): Flags {
  const own = kindFlags(kinds);
  for (const name of Object.keys(own)) assert(!(name in flags), `the option ${name} is declared twice`);
  return { ...flags, ...own };
}

function flagOf(field: SharedField, kinds: Catalogue): KindFlag {
  const { spelling } = field;
  const common = { brief: briefOf(field, kinds), optional: true } as const;
  if (spelling.type === 'switch') {
    const withNegated = field.owners.some(({ fallback }) => fallback === true);
    return { ...common, ...{ kind: 'boolean', withNegated } };
  }
  if (spelling.type === 'choice') return { ...common, ...{ kind: 'enum', values: spelling.values } };
  const parsed = { ...common, kind: 'parsed', placeholder: placeholderOf(field) } as const;
  if (spelling.type === 'text')
    return { ...parsed, ...{ parse: spelling.parse, ...(spelling.isList ? { variadic: true } : {}) } };
  return { ...parsed, ...{ parse: quantityParser(spelling.unit, spelling) } };
}

function placeholderOf({ placeholder, spelling }: SharedField): string {
  if (placeholder !== undefined) return placeholder;
  if (spelling.type !== 'quantity') return 'value';
  return spelling.unit === 'size' ? 'bytes' : spelling.unit;
}

/** `split-sparse: split when … (default 0.1)`. Kinds that are composed of others have it from those. */
function briefOf(field: SharedField, kinds: Catalogue): string {
  const names = field.owners.map(({ kind }) => kind);
  const simple = names.filter((name) => kinds[name].parts === undefined);
  return `${(simple.length > 0 ? simple : names).join(', ')}: ${field.brief}${fallbackWords(field)}`;
}

/** What an option is when not given, in brackets; empty when that is nothing or no. */
export function fallbackWords({ spelling, owners }: SharedField): string {
  const shown = owners.map(({ fallback }) =>
    fallback === undefined ? undefined : shownValue(spelling, fallback),
  );
  const different = [...new Set(shown)];
  const isSilent = different[0] === undefined || (spelling.type === 'switch' && different[0] === 'no');
  if (different.length === 1) return isSilent ? '' : ` (default ${different[0]})`;
  const each = owners.map(({ kind }, index) => `${shown[index] ?? 'none'} for ${kind}`);
  return ` (default ${each.join(', ')})`;
}

/**
 * The parameters of the kind called `name` that were given as options. An option of other kinds only is refused: it would
 * do nothing. `role` is what the kind is, for the message: `policy`.
 */
export function givenParameters(
  flags: object,
  kinds: Catalogue,
  name: string,
  role: string,
): Readonly<Record<string, unknown>> {
  const given: Record<string, unknown> = {};
  for (const field of unionOf(kinds)) {
    const value = (flags as Readonly<Record<string, unknown>>)[field.option];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const owners = field.owners.map(({ kind }) => kind);
    if (!owners.includes(name)) {
      const problem = `--${optionWords(field.option)} is for ${role} ${owners.join(', ')}, not for ${name}`;
      throw new OctavoError('USAGE', { problem, command: 'plan' });
    }
    given[field.name] = value;
  }
  return given;
}
