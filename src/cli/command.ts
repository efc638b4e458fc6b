/** How commands are declared: one `command()` each, from which help, completion and the manual page derive. */
import {
  type BaseArgs,
  type BaseFlags,
  buildCommand,
  type Command,
  type TypedCommandParameters,
} from '@stricli/core';
import { OctavoError } from '../vocabulary/errors.js';
import type { OctavoContext } from './context.js';

/**
 * What a command changes on the host that it runs on, beyond files that it is told to write. `looks`: nothing; a test
 * holds every such command against the page tables (test/end-to-end/looking.test.ts). `acts`: `what`, always or only
 * `when` these options are given, but never under --dry-run where there is one.
 */
export type Effect =
  | { readonly kind: 'looks' }
  | { readonly kind: 'acts'; readonly what: string; readonly when?: string };

/** The effect of a command that leaves the target, the host and the journal as they were. */
export const LOOKS: Effect = { kind: 'looks' };

/** Everything that help and the manual page say of a command besides its options. */
export interface CommandText {
  /** One line, starts with a small letter, no full stop. */
  readonly brief: string;
  /** What it does, what it needs, what it leaves alone. */
  readonly description: string;
  /** `octavo …` lines with what they are for. */
  readonly examples: readonly (readonly [command: string, purpose: string])[];
  /** What it changes on the host. */
  readonly effect: Effect;
  /** Exit codes beyond 0, 1 and 2 that this command can end with. */
  readonly exits?: readonly (readonly [code: number, meaning: string])[];
}

/** A command that still knows its text, for the manual page. */
export interface DocumentedCommand extends Command<OctavoContext> {
  readonly text: CommandText;
}

/**
 * Declares a command. Adds what all share: `--json` failures, exit codes, and the sentence about its effect.
 */
export function command<Flags extends BaseFlags, Args extends BaseArgs>(
  text: CommandText,
  parameters: TypedCommandParameters<Flags, Args, OctavoContext>,
  run: Run<Flags, Args>,
): DocumentedCommand {
  const built = buildCommand<Flags, Args, OctavoContext>({
    parameters: parameters as never,
    docs: { brief: text.brief, fullDescription: fullDescription(text, hasDryRun(parameters)) },
    func: reportingFailures(run) as never,
  });
  return { ...built, text };
}

/** Whether a command can show what it would do instead of doing it. */
export function hasDryRun({ flags }: { readonly flags?: object }): boolean {
  return flags !== undefined && 'dryRun' in flags;
}

/** One sentence: what a command changes, and with which options it does not. */
export function effectSentence(effect: Effect, dryRun: boolean): string {
  if (effect.kind === 'looks') return 'Changes nothing on this host beyond files that it is told to write.';
  const { what, when } = effect;
  const only = when === undefined ? '' : `, only with ${when}`;
  return `Acts: ${what}${only}${dryRun ? '; never with --dry-run' : ''}.`;
}

type Run<Flags, Args extends BaseArgs> = (
  this: OctavoContext,
  flags: Flags,
  ...args: Args
) => Promise<void> | void;

/** A failure that is the user's, the input's or the kernel's is told in full; everything else is a bug and passes. */
function reportingFailures<Flags extends BaseFlags, Args extends BaseArgs>(run: Run<Flags, Args>) {
  return async function (this: OctavoContext, flags: Flags, ...args: Args): Promise<void> {
    try {
      await run.call(this, flags, ...args);
    } catch (problem) {
      if (!(problem instanceof OctavoError)) throw problem;
      this.fail(problem, flags.json === true);
    }
  };
}

function fullDescription(text: CommandText, dryRun: boolean): string {
  const examples = text.examples.map(([line, purpose]) => `  ${line}\n      ${purpose}`);
  const exits = (text.exits ?? []).map(([code, meaning]) => `  ${code}  ${meaning}`);
  return [
    text.description,
    effectSentence(text.effect, dryRun),
    ...(examples.length > 0 ? ['', 'EXAMPLES', ...examples] : []),
    '',
    exits.length > 0 ? 'EXIT CODES (beside 0 done, 1 bug, 2 usage)' : 'EXIT CODES: 0 done, 1 bug, 2 usage',
    ...exits,
  ].join('\n');
}

/** The `--json` flag that every command has. */
export const jsonFlag = {
  kind: 'boolean',
  brief: 'Print the result as one JSON document',
  default: false,
  withNegated: false,
} as const;
