/**
 * The manual page as man(7) source, made from what the commands declare. Pure. Commands are told from nested routes by
 * their text; hidden commands have no examples and are left out.
 */
import type { RouteMap } from '@stricli/core';
import { EXIT, EXIT_MEANINGS, type ExitName } from '../vocabulary/errors.js';
import { type CommandText, type DocumentedCommand, effectSentence, hasDryRun } from './command.js';
import type { OctavoContext } from './context.js';

/** A command as the manual page needs it. */
export interface ManualCommand {
  readonly words: string;
  readonly text: CommandText;
  readonly flags: readonly ManualFlag[];
  /** Whether --dry-run keeps it from acting. */
  readonly dryRun: boolean;
  /** Placeholders of the arguments with what they are. */
  readonly positional: readonly (readonly [placeholder: string, brief: string])[];
  /** Everything that is parsed from a word, but for words that another program gets as they are. */
  readonly values: readonly { readonly name: string; readonly parse: (text: string) => unknown }[];
}

/** An option as the manual page needs it. */
export interface ManualFlag {
  readonly name: string;
  readonly brief: string;
  /** What stands behind the name, empty for a switch. */
  readonly value: string;
  readonly fallback: string;
}

/** Commands of a route map and of the maps in it, in their order. */
export function manualCommands(routes: RouteMap<OctavoContext>, prefix = ''): readonly ManualCommand[] {
  return routes.getAllEntries().flatMap((entry) => {
    const words = `${prefix}${entry.name.original}`;
    if ('getAllEntries' in entry.target) return manualCommands(entry.target, `${words} `);
    return entry.hidden ? [] : [manualCommand(words, entry.target as DocumentedCommand)];
  });
}

function manualCommand(words: string, { text, parameters }: DocumentedCommand): ManualCommand {
  const flags = Object.entries((parameters.flags ?? {}) as Record<string, DeclaredFlag>)
    .filter(([, flag]) => flag.hidden !== true)
    .map(([name, flag]) => manualFlag(name, flag));
  return {
    words,
    text,
    flags,
    dryRun: hasDryRun(parameters),
    positional: positionalOf(parameters.positional as DeclaredPositional | undefined),
    values: valuesOf(parameters as Declared),
  };
}

interface Declared {
  readonly flags?: Readonly<Record<string, DeclaredFlag>>;
  readonly positional?: DeclaredPositional;
}

function valuesOf({ flags = {}, positional }: Declared): ManualCommand['values'] {
  const declared = positional?.kind === 'array' ? [positional.parameter] : (positional?.parameters ?? []);
  const options = Object.entries(flags).flatMap(([name, { parse }]) =>
    parse === undefined ? [] : [{ name: `--${name}`, parse }],
  );
  const own = declared.flatMap(({ placeholder = 'argument', parse }) =>
    parse === undefined || parse === String ? [] : [{ name: `<${placeholder}>`, parse }],
  );
  return [...options, ...own];
}

interface DeclaredFlag {
  readonly kind: 'boolean' | 'counter' | 'enum' | 'parsed';
  readonly brief: string;
  readonly values?: readonly string[];
  readonly placeholder?: string;
  readonly default?: unknown;
  readonly hidden?: boolean;
  readonly parse?: (text: string) => unknown;
}

interface DeclaredArgument {
  readonly placeholder?: string;
  readonly brief: string;
  readonly parse?: (text: string) => unknown;
}

type DeclaredPositional =
  | { readonly kind: 'tuple'; readonly parameters: readonly DeclaredArgument[] }
  | { readonly kind: 'array'; readonly parameter: DeclaredArgument };

function manualFlag(name: string, flag: DeclaredFlag): ManualFlag {
  const kebab = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const value = flag.kind === 'enum' ? (flag.values ?? []).join('|') : (flag.placeholder ?? 'value');
  const isSwitch = flag.kind === 'boolean' || flag.kind === 'counter';
  const fallback = flag.default === undefined || flag.default === false ? '' : String(flag.default);
  return { name: kebab, brief: flag.brief, value: isSwitch ? '' : value, fallback };
}

function positionalOf(positional: DeclaredPositional | undefined): ManualCommand['positional'] {
  if (!positional) return [];
  const named = ({ placeholder = 'argument', brief }: DeclaredArgument, more = '') =>
    [`${placeholder}${more}`, brief] as const;
  return positional.kind === 'tuple'
    ? positional.parameters.map((argument) => named(argument))
    : [named(positional.parameter, '…')];
}

/** Returns the manual page as man(7) source. */
export function manualPage(
  commands: readonly ManualCommand[],
  version: string,
  introduction: string,
): string {
  return `${[
    `.TH OCTAVO 1 "" "octavo ${version}" "User Commands"`,
    section('NAME', ['octavo \\- huge pages where memory is hot, small pages where it is cold']),
    section('SYNOPSIS', [
      '.B octavo',
      '[\\fB\\-\\-host\\fR \\fIDIR\\fR]',
      '\\fICOMMAND\\fR [\\fIARGUMENT\\fR .\\|.\\|.]',
    ]),
    section('DESCRIPTION', [paragraphs(introduction)]),
    section('COMMANDS', commands.map(commandEntry)),
    section(
      'EXIT STATUS',
      Object.entries(EXIT).map(([name, code]) => tagged(String(code), EXIT_MEANINGS[name as ExitName])),
    ),
    section('ENVIRONMENT', [
      tagged('OCTAVO_HOST', 'Folder of a recorded host that stands in for this machine, as with --host.'),
      tagged('OCTAVO_STATE', 'Directory for journals and back-off state instead of the usual one.'),
    ]),
    section('FILES', [
      tagged('/var/lib/octavo', 'Journals and back-off state of root.'),
      tagged('~/.local/state/octavo', 'The same for ordinary users.'),
    ]),
  ].join('\n')}\n`;
}

function section(title: string, lines: readonly string[]): string {
  return [`.SH ${title}`, ...lines].join('\n');
}

function commandEntry({ words, text, flags, dryRun, positional }: ManualCommand): string {
  const synopsis = ['octavo', words, ...positional.map(([name]) => `<${name}>`)].join(' ');
  const exits = text.exits ?? [];
  return [
    `.SS "${escaped(synopsis)}"`,
    paragraphs(text.description),
    paragraphs(effectSentence(text.effect, dryRun)),
    ...positional.map(([name, brief]) => tagged(name, brief)),
    ...flags.map(flagEntry),
    ...text.examples.map(exampleEntry),
    ...(exits.length > 0 ? ['.PP\nEnds with 0, 1, 2, or'] : []),
    ...exits.map(([code, meaning]) => tagged(String(code), meaning)),
  ].join('\n');
}

function exampleEntry([line, purpose]: readonly [line: string, purpose: string]): string {
  const title = /[.?!]$/.test(purpose) ? capital(purpose) : `${capital(purpose)}:`;
  return `.PP\n${escaped(title)}\n.RS\n.nf\n${escaped(line)}\n.fi\n.RE`;
}

function flagEntry({ name, value, brief, fallback }: ManualFlag): string {
  const argument = value === '' ? '' : ` ${value}`;
  return tagged(`--${name}${argument}`, fallback === '' ? brief : `${brief} (default ${fallback})`);
}

function tagged(tag: string, text: string): string {
  return `.TP\n.B ${escaped(tag)}\n${escaped(text)}`;
}

function paragraphs(text: string): string {
  return text
    .split('\n\n')
    .map((part) => `.PP\n${part.split('\n').map(escaped).join('\n')}`)
    .join('\n');
}

/**
 * A backslash begins an escape, a dot or quote at the start of a line a request; hyphens stay hyphens for copying, and
 * what is not ASCII is written by its number, so that no encoding is assumed.
 */
function escaped(text: string): string {
  const plain = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(
      /[\u0080-\uffff]/g,
      (letter) => `\\[u${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
