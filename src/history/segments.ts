/**
 * The files of the history: `history/TIER.NUMBER.log` in the state directory, each a head and spans behind it, one a line
 * (formats/checked-lines.ts). They are only appended to, and removed whole. Reading changes nothing. What is damaged is
 * passed over and named; of what a crash leaves of the last line nothing was promised.
 */
import { passingDamage } from '../formats/checked-lines.js';
import type { Host, OpenFile } from '../host/host.js';
import type { Bytes } from '../vocabulary/units.js';
import { TIERS, type Tier } from './health.js';
import { type Head, headIn, headOf, isHead, UPGRADES, type Upgrade } from './segment-head.js';
import type { Span } from './span.js';
import { spanOfBody } from './span-text.js';

/** A host and the directory that the history is kept in. */
export interface HistoryPlace {
  readonly host: Host;
  /** State directory; the history lies in `history/` below it. */
  readonly directory: string;
}

/** Returns the directory of the history's files. */
export const historyDirectory = ({ directory }: HistoryPlace) => `${directory}/history`;

/** A file of the history. */
export interface SegmentFile {
  readonly tier: Tier;
  readonly number: number;
  readonly path: string;
  readonly bytes: Bytes;
}

const NAME = new RegExp(`^(${TIERS.join('|')})\\.(\\d{8,15})\\.log$`);
/** A head takes less. */
const HEAD_BYTES = 4096;

/** Returns the path of a file; numbers have eight digits, so that names sort as numbers do. */
export function segmentPath(place: HistoryPlace, tier: Tier, number: number): string {
  return `${historyDirectory(place)}/${tier}.${String(number).padStart(8, '0')}.log`;
}

/** Files of a tier, oldest first; none where there is no history, or it cannot be listed. */
export function listSegments(place: HistoryPlace, tier: Tier): readonly SegmentFile[] {
  const { files } = place.host;
  const listed = files.list(historyDirectory(place));
  const numbers = (listed.ok ? listed.value : []).flatMap((name) => {
    const [, kind, number] = NAME.exec(name) ?? [];
    return kind === tier ? [Number(number)] : [];
  });
  return numbers
    .sort((left, right) => left - right)
    .map((number) => {
      const path = segmentPath(place, tier, number);
      const status = files.status(path);
      return { tier, number, path, bytes: status.ok ? status.value.bytes : 0 };
    });
}

/** The head of a file alone; undefined when it has none that can be read. */
export function readHead(host: Host, path: string): Head | undefined {
  const opened = host.files.open(path);
  if (!opened.ok) return undefined;
  try {
    return headIn(beginning(opened.value).split('\n'));
  } finally {
    opened.value.close();
  }
}

function beginning(file: OpenFile): string {
  const bytes = new Uint8Array(HEAD_BYTES);
  const read = file.read(bytes, 0);
  return new TextDecoder().decode(bytes.subarray(0, read.ok ? read.value : 0));
}

/** Told of damage: one sentence that names the file, and the line. */
export type Report = (sentence: string) => void;

/** A span and the head of its file. */
export interface ReadSpan {
  readonly head: Head;
  readonly span: Span;
}

/** The spans of a file, in their order. Nothing of a file that is gone: its time was over. */
export function* readSegment(
  host: Host,
  path: string,
  report: Report,
  upgrades: readonly Upgrade[] = UPGRADES,
): Generator<ReadSpan> {
  const text = host.files.readText(path);
  if (!text.ok) {
    if (text.error.errno !== 'ENOENT') report(`${path} cannot be read (${text.error.errno})`);
    return;
  }
  let head: Head | undefined;
  for (const found of passingDamage(text.value)) {
    if ('problem' in found) report(`${path}, line ${found.line}: ${found.problem}`);
    else if (isHead(found.body)) {
      const read = headOf(found.body, upgrades);
      if (typeof read === 'string') return report(`${path}: ${read}`);
      head = read;
    } else {
      const span = head && spanOfBody(head.upgrade(found.body), head.fields);
      if (head && span) yield { head, span };
      else report(`${path}, line ${found.line}: it holds no span that can be read`);
    }
  }
}
