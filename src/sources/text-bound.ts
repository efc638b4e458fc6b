/** How long a record that is read as one text may be. */
import { OctavoError } from '../vocabulary/errors.js';
import { type Bytes, MIB } from '../vocabulary/units.js';

/** Objects take some seven times the text that they were parsed from: with it, 512 MiB. */
export const DEFAULT_TEXT_BYTES: Bytes = 64 * MIB;

/** Returns FILE_MALFORMED for a record that would not fit into memory. */
export function tooLong(path: string, bytes: Bytes, longest: Bytes): OctavoError {
  const problem = `is ${Math.ceil(bytes / MIB)} MiB of text, of which ${Math.floor(longest / MIB)} MiB fit in the memory allowed (--max-memory)`;
  return new OctavoError('FILE_MALFORMED', { path, problem, place: 'its end' });
}
