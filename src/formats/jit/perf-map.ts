/**
 * /tmp/perf-PID.map, as JVM agents, Node, .NET, Mono and others write it: `START SIZE name` a line, both hexadecimal
 * (tools/perf/Documentation/jit-interface.txt). Later lines hold where code was moved or replaced.
 */
import type { CodeNames } from './code-names.js';

const LINE = /^(?:0x)?([0-9a-f]{1,16}) (?:0x)?([0-9a-f]{1,16}) (.+)$/i;

/** Lines that are none are left out: the program may be writing one. */
export function readPerfMap(text: string, names: CodeNames): void {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? text.length : end);
    from = end < 0 ? text.length : end + 1;
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, start, bytes, name] = match;
    if (!names.add(Number.parseInt(start, 16), Number.parseInt(bytes, 16), name.trim())) return;
  }
}
