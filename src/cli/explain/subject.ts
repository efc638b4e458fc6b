/** What `octavo explain` is asked about. Pure. */
import { OctavoError } from '../../vocabulary/errors.js';
import {
  addressToPage,
  blockToPage,
  type PageGeometry,
  type PageNumber,
  type ProcessId,
} from '../../vocabulary/units.js';

/** An address with its process, or the name of a target. */
export type Subject =
  | { readonly kind: 'page'; readonly page: PageNumber; readonly pid: ProcessId | undefined }
  | { readonly kind: 'target'; readonly word: string };

/** Like the blocks of `--json`, which are counted and not addressed. */
const BLOCK = /^block:(\d{1,13})$/;
const WITH_PID = /^(\d{1,10}):(.+)$/;

/** `0x7f2a40000000`, `block:68030464`, either with `PID:` in front; anything else is a target. Throws ADDRESS_SYNTAX. */
export function parseSubject(word: string, geometry: PageGeometry): Subject {
  const [, pid, place] = WITH_PID.exec(word) ?? [undefined, undefined, word];
  const [, block] = BLOCK.exec(place) ?? [];
  const isPlace = pid !== undefined || block !== undefined || /^0x/i.test(place);
  if (!isPlace) return { kind: 'target', word };
  const page = block === undefined ? addressToPage(place, geometry) : blockToPage(Number(block), geometry);
  if (page === undefined) throw new OctavoError('ADDRESS_SYNTAX', { address: place });
  return { kind: 'page', page, pid: pid === undefined ? undefined : Number(pid) };
}
