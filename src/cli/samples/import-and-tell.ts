/** What `octavo import` does once it knows what is asked for: reads, keeps, tells. */
import type { OctavoContext } from '../context.js';
import { type OutputFlags, printImported } from './import-output.js';
import { importRecordings } from './import-recordings.js';
import type { ImportOptions } from './importing.js';
import { saveHeat } from './save-heat.js';

/** Throws what keeps a recording from being read, or the heat file from being written. */
export async function importAndTell(
  context: OctavoContext,
  paths: readonly string[],
  options: ImportOptions,
  flags: OutputFlags,
): Promise<void> {
  const imported = await importRecordings(context, paths, options);
  if (flags.out !== undefined) saveHeat(context, imported, options.geometry, flags.out);
  printImported(context, imported, paths, flags);
}
