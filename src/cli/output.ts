/** Where a file goes that a command writes: to its path, or to standard output for `-`. */
import { OctavoError } from '../vocabulary/errors.js';
import type { OctavoContext } from './context.js';

/** The path that means standard output. */
export const STANDARD_OUTPUT = '-';

/** Throws FILE_UNWRITABLE. */
export function writeOutput(context: OctavoContext, path: string, content: string | Uint8Array): void {
  if (path === STANDARD_OUTPUT) {
    if (typeof content === 'string') context.printExact(content);
    else context.printBytes(content);
    return;
  }
  const written = context.host.files.writeFile(path, content);
  if (!written.ok) throw new OctavoError('FILE_UNWRITABLE', { path, errno: written.error.errno });
}

/** Words go to the other stream when a file is on standard output. */
export function tellBeside(context: OctavoContext, line: string, path: string | undefined): void {
  if (path === STANDARD_OUTPUT) context.remark(line);
  else context.print(line);
}

/** Standard output holds one thing at a time. Throws USAGE. */
export function refuseTwoOutputs(
  command: string,
  option: string,
  path: string | undefined,
  json: boolean,
): void {
  if (path === STANDARD_OUTPUT && json)
    throw new OctavoError('USAGE', { problem: `${option} - and --json both want standard output`, command });
}
