import type { Bytes, PageRange } from '../../vocabulary/units.js';
import type { Kernel } from '../kernel/state/kernel.js';
import type { Mm } from '../kernel/state/mm.js';
import type { Process } from '../kernel/state/process.js';
import { type LineAnswer, misuse, refusal } from './shell-command.js';
import { parseAddress, parseSize } from './words.js';

/** A process that has memory. */
export interface ProcessAndMemory {
  readonly task: Process;
  readonly mm: Mm;
}

/** The process of a PID word: ESRCH when there is none, EINVAL for a kernel thread. */
export function findProcess(kernel: Kernel, word: string | undefined): ProcessAndMemory | LineAnswer {
  if (word === undefined || !/^\d+$/.test(word)) return misuse('a pid is a decimal number');
  const task = kernel.processes.get(Number(word));
  if (task === undefined) return refusal('ESRCH');
  return task.mm === undefined ? refusal('EINVAL') : { task, mm: task.mm };
}

/** Bytes of a LEN word. */
export function parseLength(word: string): Bytes | undefined {
  return parseSize(word) ?? parseAddress(word);
}

/** Pages of an ADDR and a LEN word: EINVAL for an address off a page; the length is rounded up. */
export function findRange(
  kernel: Kernel,
  address: string | undefined,
  length: string | undefined,
): PageRange | LineAnswer {
  const from = parseAddress(address ?? '');
  const bytes = parseLength(length ?? '');
  if (from === undefined) return misuse('an address is hexadecimal with 0x, or decimal');
  if (bytes === undefined) return misuse('a length is bytes, or a number with K, M or G');
  const { pageBytes } = kernel.geometry;
  if (from % pageBytes !== 0) return refusal('EINVAL');
  return { start: from / pageBytes, end: from / pageBytes + Math.ceil(bytes / pageBytes) };
}

/** Whether a look-up ended in an answer to print, in place of what was looked for. */
export function isAnswer(found: object): found is LineAnswer {
  return 'text' in found;
}

/** Returns the byte address of a page in hexadecimal. */
export function showAddress(kernel: Kernel, page: number): string {
  return `0x${(page * kernel.geometry.pageBytes).toString(16)}`;
}
