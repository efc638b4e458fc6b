import { access, type TraceFormat, type TraceLine } from './traced.js';

/** `<record> <instruction>: <thread> read|write  N byte(s) @ 0xADDR by PC 0xPC` of the drmemtrace `view` tool. */
const VIEW = /^\s*\d+\s+\d+:\s+\d+\s+(read|write)\s+(.*)$/;
const VIEW_PLACE = /^(\d+)\s+byte\(s\)\s+@\s+(0x[0-9a-f]+)\b/;
/** `0xADDR: SIZE, r|w` of the sample client memtrace_simple; an opcode in place of r and w is an instruction. */
const SIMPLE = /^(0x[0-9a-f]+):\s*(\d+),\s*([rw])\s*$/;
/** `0xPC,r|w,SIZE,0xADDR` of memtrace_x86. */
const X86 = /^0x[0-9a-f]+,([rw]),(\d+),(0x[0-9a-f]+)\s*$/;

/** Text that DynamoRIO's memory tracers write: the `view` tool of drmemtrace, and its two sample clients. */
export const DYNAMORIO: TraceFormat = {
  name: 'dynamorio',
  says: 'DynamoRIO: drmemtrace view, memtrace_simple, memtrace_x86',
  isWhole: true,
  parse(line): TraceLine {
    const view = VIEW.exec(line);
    if (view !== null) {
      const place = VIEW_PLACE.exec(view[2]);
      return place === null ? 'broken' : access(place[2], place[1], view[1] === 'write');
    }
    const simple = SIMPLE.exec(line);
    if (simple !== null) return access(simple[1], simple[2], simple[3] === 'w');
    const x86 = X86.exec(line);
    if (x86 !== null) return access(x86[3], x86[2], x86[1] === 'w');
    return isCut(line) ? 'broken' : 'other';
  },
};

/** A line that begins as an access of a sample client does and goes on as none, nor as an instruction. */
function isCut(line: string): boolean {
  if (!/^0x[0-9a-f]+/.test(line)) return false;
  return !/^0x[0-9a-f]+:\s*\d+,\s*\S+\s*$/.test(line);
}
