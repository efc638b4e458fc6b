/** Build ids of the programs and libraries that were hit, by path: the feature BUILD_ID, or records of a pipe. */
import { hexOf } from '../elf/file.js';
import { type RecordView, viewOf } from './record-view.js';

const MOST_FILES = 1 << 16;
/** perf_record_header_build_id: header, s32 pid, 20 bytes and 4 more of which the first says how many count. */
const ID_AT = 12;
const SIZE_AT = ID_AT + 20;
const NAME_AT = 36;
/** PERF_RECORD_MISC_BUILD_ID_SIZE. */
const HAS_SIZE = 1 << 15;

/** Build ids in hexadecimal, by path. */
export type BuildIds = Map<string, string>;

/** Adds the build id of a BUILD_ID record. Without PERF_RECORD_MISC_BUILD_ID_SIZE it has 20 bytes. */
export function addBuildId(into: BuildIds, view: RecordView): void {
  if (view.size <= NAME_AT || into.size >= MOST_FILES) return;
  const bytes = (view.misc & HAS_SIZE) === 0 ? 20 : Math.min(view.u8(SIZE_AT), 20);
  into.set(view.text(NAME_AT, view.size), hexOf(view.slice(ID_AT, ID_AT + bytes)));
}

/** Records one after the other, each with a header of its own. */
export function readBuildIds(body: Uint8Array, isBigEndian: boolean): BuildIds {
  const ids: BuildIds = new Map();
  for (let at = 0; at + NAME_AT < body.length && ids.size < MOST_FILES; ) {
    const view = viewOf(body.subarray(at, at + NAME_AT), isBigEndian);
    view.misc = view.u16(4);
    const size = view.u16(6);
    if (size <= NAME_AT) break;
    const record = viewOf(body.subarray(at, at + size), isBigEndian);
    record.misc = view.misc;
    addBuildId(ids, record);
    at += size;
  }
  return ids;
}

/** Whether an id of a file is the one that was recorded: ids shorter than 20 bytes were padded with zeros. */
export function isSameBuild(ofFile: string, recorded: string): boolean {
  const full = (id: string) => id.padEnd(40, '0').slice(0, 40);
  return full(ofFile) === full(recorded);
}
