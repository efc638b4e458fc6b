/** The end of a history file, for its writer: the newest span, and whether lines may follow it. Changes nothing. */
import { bodyOf } from '../formats/checked-lines.js';
import type { Host } from '../host/host.js';
import type { Moment } from './lived-time.js';
import { type Head, headIn, headLines } from './segment-head.js';
import type { Span } from './span.js';
import { spanOfBody } from './span-text.js';

/** The end of a file, where its writer goes on. */
export interface Tail {
  readonly path: string;
  readonly head: Head;
  /** The newest span of the file. */
  readonly span: Span;
  /** Lines behind it that are damaged: each may have been a span. */
  readonly damaged: number;
  /** Whether this process may append: the file is of this boot and version, and its last line is whole. */
  readonly goesOn: boolean;
}

/** Undefined where the file has no span that can be read. */
export function readTail(host: Host, path: string): Tail | undefined {
  const text = host.files.readText(path);
  if (!text.ok) return undefined;
  const lines = text.value.split('\n');
  const rest = lines.pop();
  const head = headIn(lines);
  if (head === undefined) return undefined;
  for (let index = lines.length - 1; index >= 0; index--) {
    const span = spanOfBody(head.upgrade(bodyOf(lines[index]) ?? ''), head.fields);
    if (span === undefined) continue;
    const damaged = lines.length - 1 - index;
    const isOurs = head.bootId === host.identity.bootId && text.value.startsWith(headLines(head));
    return { path, head, span, damaged, goesOn: isOurs && damaged === 0 && rest === '' };
  }
  return undefined;
}

/** The moment of the newest turn of a file. */
export function momentOf({ head, span: { lived, wall, uptimeMs } }: Tail): Moment {
  return { livedMs: lived.until, wallMs: wall.until, uptimeMs, monotonicNs: null, bootId: head.bootId };
}
