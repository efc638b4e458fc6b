/** The commands that change anything on the host, as lines of a table: for documents, and the test that compares them. */
import type { RouteMap } from '@stricli/core';
import type { OctavoContext } from './context.js';
import { manualCommands } from './manual.js';

/** A command that changes the host, and when it does. */
export interface ActingCommand {
  readonly words: string;
  readonly what: string;
  /** `always`, the option that makes it act, or the option that keeps it from acting. */
  readonly when: string;
}

/** Returns the commands that act, in the order of the manual. */
export function actingCommands(routes: RouteMap<OctavoContext>): readonly ActingCommand[] {
  return manualCommands(routes).flatMap(({ words, text: { effect }, dryRun }) => {
    if (effect.kind === 'looks') return [];
    const when =
      effect.when === undefined ? (dryRun ? 'without `--dry-run`' : 'always') : `with \`${effect.when}\``;
    return [{ words, what: effect.what, when }];
  });
}
