/** Lines of a journal (formats/checked-lines.ts): all of them count, so that damage makes it unreadable. Pure. */
import { bodyOf, type Damage, packedWith, unpackedWith } from '../formats/checked-lines.js';

export { bodyOf, type Damage, lineOf } from '../formats/checked-lines.js';

/** The lines of a journal whose checksums are right. */
export interface SoundLines {
  readonly bodies: readonly string[];
  /** Text up to the end of the last whole line. */
  readonly whole: string;
  /** Whether a torn line, the mark of a crash, follows. */
  readonly torn: boolean;
}

/**
 * The bodies of all whole lines. A last line without its end, or one with a hole of zero bytes where a power failure
 * kept sectors from the disk, is torn. Every other line that its checksum does not confirm is damage.
 */
export function soundLines(text: string): SoundLines | Damage {
  const end = text.lastIndexOf('\n') + 1;
  const lines = text.slice(0, end).split('\n').slice(0, -1);
  const tail = text.slice(end);
  if (bodyOf(tail.slice(0, -1)) !== undefined)
    return { line: lines.length + 1, problem: 'its end of line is damaged' };
  const bodies: string[] = [];
  for (const [index, line] of lines.entries()) {
    const body = bodyOf(line);
    if (body !== undefined) {
      bodies.push(body);
      continue;
    }
    if (index < lines.length - 1 || tail !== '' || !line.includes('\0\0'))
      return { line: index + 1, problem: 'the checksum does not match' };
    return { bodies, whole: upTo(lines, index), torn: true };
  }
  return { bodies, whole: upTo(lines, lines.length), torn: tail !== '' };
}

function upTo(lines: readonly string[], end: number): string {
  return lines
    .slice(0, end)
    .map((line) => `${line}\n`)
    .join('');
}

/** A value as a body, the shorter way. */
export function packed(value: unknown): string {
  return packedWith(DICTIONARY, value);
}

/** A value as a body that people can read. */
export function plain(value: unknown): string {
  return JSON.stringify(value);
}

/** The value of a body. Throws what node:zlib or JSON throw for a body that this Octavo did not write. */
export function unpacked(body: string): unknown {
  return unpackedWith(DICTIONARY, body);
}

/**
 * What records usually hold, the most frequent last. It is part of the format: another text makes every journal
 * unreadable, so a change needs a new version of the journal beside this one.
 */
const DICTIONARY = Buffer.from(
  [
    '"octavo":"plan","version":1,"parameters":{"sparseBelow":0.1,"denseAbove":0.9,"emptyAbove":0.8,"order":"chosen",',
    '"budgets":{"maxBlocks":2048,"maxBytes":4294967296,"lockUsPerSecond":100000,"minFreeBlocks":64,"maxPressure":10},',
    '"passedOver":[],"notes":[],"refused":[{"code":"budget-blocks","why":"already-so","not-eligible","no-gain",',
    '"collapseByResidency":false},"sources":["occupancy"],"geometry":{"pageBytes":4096,"blockBytes":2097152},',
    '"cause":"recollapsed","cause":"target-gone","cause":"unmapped-since","outcome":"undone-since","outcome":"partly",',
    '"outcome":"not-met","cause":"pinned","why":"it was so already","answer":"already so","tried":false,',
    '"forecast":{"undoneByKernel":"no","why":"","keptBy":"","reversible":"partly","irreversible":""},"warnings":[]},',
    '"gain":{"returnedBytes":0,"reclaimableBytes":0,"tlbReachBytes":-2093056},"cost":{"durationUs":100,"lockUs":50,',
    '"copiedBytes":2097152,"grownBytes":0},"priority":0},"actuator":"debugfs-split","actuator":"madvise","before":',
    '{"id":0,"proposal":{"process":{"pid":1,"startTicks":1,"command":"","cgroup":"/"},"block":1,"action":"collapse",',
    '"action":"split","targetOrder":0,"policy":"return-empty","reason":"named by its address"',
    '{"n":1,"kind":"intent","steps":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15],"before":[{"block":17,"level":"pmd",',
    '"present":512,"zeroMapped":0,"swapped":0,"firstFrame":null,"pagesByOrder":[0,0,0,0,0,0,0,0,0,512],',
    '"flags":["shared","wholeInMapping","contiguousFrames"]}],"atMs":17,"why":"split to order 0, on the frames it had',
    '"}],"kind":"receipts","receipts":[{"step":0,"actuator":"madvise","tried":true,"answer":"ok","calls":',
    '["process_madvise pid 1 MADV_COLD 0x7f0000000000+2097152"],"durationUs":100,"atMs":17}],"kind":"verdicts",',
    '"verdicts":[{"step":0,"outcome":"met","cause":"none","why":"mapped as order 9 now","before":{"block":17,',
    '"level":"pmd","present":512,"zeroMapped":0,"swapped":0,"firstFrame":1,"pagesByOrder":[0,0,0,0,0,0,0,0,0,512],',
    '"flags":["wholeInMapping","contiguousFrames"]},"after":{"block":17,"level":"pte","present":512,"zeroMapped":0,',
    '"swapped":0,"firstFrame":1,"pagesByOrder":[512,0,0,0,0,0,0,0,0,0],"flags":["wholeInMapping"]},"residentDelta":0},',
  ].join(''),
);
