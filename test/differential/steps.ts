/** Steps written as words, performed on a machine one after the other, with a look at the region after each. */
import type { Advice } from '../../src/host/host.js';
import { type Look, look } from './picture.js';
import type { Machine, Span } from './test-machine.js';

/**
 * One step: `write 0 512`, `read 0 512 64` (every 64th page), `own MADV_FREE 0 8`, `remote MADV_COLD 0 1`, `protect r 8 1`,
 * `unmap 8 1`, `move 0 512 to 1024`, `lock 0 512`, `unlock 0 512`, `pin 5 1`, `unpin`, `fork`, `reap`,
 * `thp except-advised`, `clear-refs 1`, `vm-read 0 1` (process_vm_readv), `mem-read 0 1` (/proc/PID/mem). Numbers are pages of the region.
 */
export type Step = string;

/** What a step answered and how the region looked then. */
export interface Seen {
  readonly step: Step;
  readonly answer: string;
  readonly lines: readonly string[];
}

export async function perform(machine: Machine, steps: readonly Step[]): Promise<Seen[]> {
  const seen: Seen[] = [];
  let before: Look | undefined;
  for (const step of steps) {
    const answer = await performStep(machine, step);
    await machine.settle();
    before = look(machine, before);
    seen.push({ step, answer, lines: before.lines });
  }
  return seen;
}

async function performStep(machine: Machine, step: Step): Promise<string> {
  const [verb, ...words] = step.split(' ');
  const span = (at: number): Span => ({ from: Number(words[at]), pages: Number(words[at + 1]) });
  switch (verb) {
    case 'read':
      return machine.read(span(0), Number(words[2] ?? 1));
    case 'write':
      return machine.write(span(0), Number(words[2] ?? 1));
    case 'own':
      return machine.advise(span(1), words[0]);
    case 'remote':
      return remote(machine, span(1), words[0] as Advice);
    case 'protect':
      return machine.protect(span(1), words[0] as 'none' | 'r' | 'rw');
    case 'unmap':
      return machine.unmap(span(0));
    case 'move':
      return machine.move(span(0), Number(words[3]));
    case 'lock':
      return machine.lock(span(0));
    case 'unlock':
      return machine.unlock(span(0));
    case 'pin':
      return machine.pin(span(0));
    case 'unpin':
      return machine.unpin();
    case 'fork':
      return machine.fork();
    case 'reap':
      return machine.reap();
    case 'thp':
      return machine.thpDisable(words[0] as 'no' | 'complete' | 'except-advised');
    case 'clear-refs':
      return textOf(machine.host.files.writeKernelFile(`/proc/${machine.pid}/clear_refs`, `${words[0]}\n`));
    case 'vm-read':
      return machine.vmRead(span(0));
    case 'mem-read':
      return readMem(machine, span(0));
    default:
      throw new Error(`no step \`${step}\``);
  }
}

/** Reads /proc/PID/mem as it is, without a look at what is there. */
function readMem({ host, pid, firstPage }: Machine, { from, pages }: Span): string {
  const { pageBytes } = host.identity.geometry;
  const opened = host.files.open(`/proc/${pid}/mem`);
  if (!opened.ok) return opened.error.errno;
  const read = opened.value.read(new Uint8Array(pages * pageBytes), (firstPage + from) * pageBytes);
  opened.value.close();
  return textOf(read);
}

async function remote(machine: Machine, { from, pages }: Span, advice: Advice): Promise<string> {
  const handle = machine.host.calls.openProcess(machine.pid);
  if (!handle.ok) return handle.error.errno;
  const range = { start: machine.firstPage + from, end: machine.firstPage + from + pages };
  const answer = await machine.host.calls.processMadvise(handle.value, [range], advice);
  handle.value.close();
  return textOf(answer);
}

function textOf(answer: { ok: true; value: unknown } | { ok: false; error: { errno: string } }): string {
  return answer.ok ? String(answer.value ?? 'ok') : answer.error.errno;
}
