/** Options that kinds declare as their parameters: how each is parsed, what help says of it, and whose it is. */
import { assert } from '../base/assert.js';
import { OctavoError } from '../vocabulary/errors.js';
import { optionWords, shownValue } from '../vocabulary/field.js';
import { type Catalogue, type SharedField, unionOf } from '../vocabulary/kind.js';
import { type FieldFlag, flagOf, sentence } from './field-flags.js';

/**
 * One option for each parameter of some kinds, by its name in camel case. Help says whose each is, but for those that
 * `untitled` kinds have: their options speak for themselves.
 */
function kindFlags(kinds: Catalogue, untitled: Catalogue): Readonly<Record<string, FieldFlag>> {
  const all = unionOf({ ...kinds, ...untitled });
  return Object.fromEntries(
    all.map((field) => {
      const isTitled = field.owners.every(({ kind }) => !Object.hasOwn(untitled, kind));
      return [
        field.option,
        flagOf(
          field,
          `${isTitled ? titled(field, kinds) : sentence(field.brief)}${fallbackWords(field)}`,
          field.owners.some(({ fallback }) => fallback === true),
        ),
      ];
    }),
  );
}

/** Puts options of kinds among those of a command; one name for two things is a bug. */
export function withKindFlags<Flags extends object>(
  flags: Flags,
  kinds: Catalogue,
  untitled: Catalogue = {},
): Flags {
  const own = kindFlags(kinds, untitled);
  for (const name of Object.keys(own)) assert(!(name in flags), `the option ${name} is declared twice`);
  return { ...flags, ...own };
}

/** `split-sparse: split when … (default 0.1)`. Kinds that are composed of others have it from those. */
function titled(field: SharedField, kinds: Catalogue): string {
  const names = field.owners.map(({ kind }) => kind);
  const simple = names.filter((name) => kinds[name].parts === undefined);
  return `${(simple.length > 0 ? simple : names).join(', ')}: ${field.brief}`;
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

/** Kinds of one role, and which of them a command was told to use. */
export interface Choice {
  /** What a kind of it is, for messages: `policy`. */
  readonly role: string;
  readonly kinds: Catalogue;
  readonly chosen: readonly string[];
  /** Why an option is refused that only kinds have which were not chosen. */
  readonly refusal?: (option: string, owner: string) => string;
}

/**
 * The parameters that were given as options, for each choice in its order. An option of kinds that were not chosen is
 * refused: it would do nothing.
 */
export function givenParameters(
  flags: object,
  choices: readonly Choice[],
): readonly Readonly<Record<string, unknown>>[] {
  const all = choices.map(({ kinds }) => unionOf(kinds));
  const given = choices.map((): Record<string, unknown> => ({}));
  for (const field of all.flat()) {
    const value = (flags as Readonly<Record<string, unknown>>)[field.option];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const takers = choices.filter(({ chosen }, index) => hasOwner(all[index], field.name, chosen));
    if (takers.length === 0) throw refused(field, choices);
    for (const taker of takers) given[choices.indexOf(taker)][field.name] = value;
  }
  return given;
}

function hasOwner(fields: readonly SharedField[], name: string, chosen: readonly string[]): boolean {
  const owners = fields.find((field) => field.name === name)?.owners ?? [];
  return owners.some(({ kind }) => chosen.includes(kind));
}

function refused({ option, owners }: SharedField, choices: readonly Choice[]): OctavoError {
  const names = owners.map(({ kind }) => kind);
  const choice = choices.find(({ kinds }) => Object.hasOwn(kinds, names[0]));
  const words = `--${optionWords(option)}`;
  const problem =
    choice?.refusal?.(words, names[0]) ??
    `${words} is for ${choice?.role} ${names.join(', ')}, not for ${choice?.chosen.join(', ')}`;
  return new OctavoError('USAGE', { problem, command: 'plan' });
}
