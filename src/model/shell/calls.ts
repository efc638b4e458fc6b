import type { PageRange } from '../../vocabulary/units.js';
import { emptyLeaf, translate } from '../kernel/access/access.js';
import { fork } from '../kernel/address-space/fork.js';
import { mremap } from '../kernel/address-space/mremap.js';
import { exit } from '../kernel/address-space/processes.js';
import { mprotect, munmap } from '../kernel/address-space/vmas.js';
import { ADVICE, type AdviceName, isAdviceName } from '../kernel/advice/madvise.js';
import { setLocked } from '../kernel/advice/mlock.js';
import { pin, unpin } from '../kernel/advice/pins.js';
import { MAX_BYTES, processMadvise, ROOT } from '../kernel/advice/process-madvise.js';
import { processVmRead } from '../kernel/advice/remote-read.js';
import type { Outcome } from '../kernel/split/split.js';
import type { Mm, ThpDisable } from '../kernel/state/mm.js';
import { VM } from '../kernel/state/mm.js';
import {
  answer,
  type LineAnswer,
  misuse,
  refusal,
  type ShellCommand,
  type ShellState,
} from './shell-command.js';
import type { ProcessAndMemory } from './targets.js';
import { findProcess, findRange, isAnswer, parseLength } from './targets.js';

type Run = ShellCommand['run'];

/** System calls by name. Each takes its time from the model's clock. */
export const CALLS: Readonly<Record<string, ShellCommand>> = {
  process_madvise: {
    usage: 'process_madvise PID ADDR LEN ADVICE',
    brief:
      'by root on another process: MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, MADV_COLLAPSE; prints the bytes',
    run: (state, words) => advise(state, words, false),
  },
  madvise: {
    usage: 'madvise PID ADDR LEN ADVICE',
    brief: `by the process itself: ${Object.keys(ADVICE).join(', ')}`,
    run: (state, words) => advise(state, words, true),
  },
  process_vm_readv: {
    usage: 'process_vm_readv PID ADDR LEN',
    brief: 'by root: reads memory, which unshares what a fork shares; reading /proc/PID/mem does not',
    run: onRange((state, { mm }, range) => {
      const { kernel } = state.host;
      const into = new Uint8Array((range.end - range.start) * kernel.geometry.pageBytes);
      const read = processVmRead(kernel, mm, range, into);
      return typeof read === 'number' ? answer(String(read)) : refusal(read);
    }),
  },
  munmap: {
    usage: 'munmap PID ADDR LEN',
    brief: 'takes pages out of the address space',
    run: onRange((state, { mm }, range) => {
      state.host.kernel.clock.spend(munmap(state.host.kernel, mm, range.start, range.end));
      return answer('');
    }),
  },
  mremap: {
    usage: 'mremap PID ADDR LEN TO',
    brief: 'moves mappings; a huge page moves whole to a place aligned like its own, and is split otherwise',
    run: onRange((state, { mm }, range, [word]) => {
      const to = findRange(state.host.kernel, word, '1');
      return isAnswer(to)
        ? to
        : outcome(state, mremap(state.host.kernel, mm, range.start, range.end, to.start));
    }),
  },
  mprotect: {
    usage: 'mprotect PID ADDR LEN r|rw|rx|none',
    brief: 'changes permissions; a border inside a huge page splits its mapping',
    run: onRange((state, { mm }, range, [word]) => {
      const bits = PERMISSIONS[word ?? ''];
      if (bits === undefined) return misuse('permissions are r, rw, rx or none');
      return outcome(state, mprotect(state.host.kernel, mm, range.start, range.end, bits));
    }),
  },
  mlock: {
    usage: 'mlock PID ADDR LEN',
    brief: 'locks pages in memory',
    run: onRange((state, { mm }, range) =>
      outcome(state, setLocked(state.host.kernel, mm, range.start, range.end, true)),
    ),
  },
  munlock: {
    usage: 'munlock PID ADDR LEN',
    brief: 'unlocks them',
    run: onRange((state, { mm }, range) =>
      outcome(state, setLocked(state.host.kernel, mm, range.start, range.end, false)),
    ),
  },
  fork: {
    usage: 'fork PID',
    brief: 'a child that shares all memory until one writes; prints its pid',
    run: ({ host }, [pid]) => {
      const found = findProcess(host.kernel, pid);
      if (isAnswer(found)) return found;
      const { child, cost } = fork(host.kernel, found.task);
      host.kernel.clock.spend(cost);
      return child === undefined ? refusal('ENOMEM') : answer(String(child.pid));
    },
  },
  exit: {
    usage: 'exit PID',
    brief: 'ends a process',
    run: ({ host }, [pid]) => {
      const found = findProcess(host.kernel, pid);
      if (isAnswer(found)) return found;
      host.kernel.clock.spend(exit(host.kernel, found.task));
      return answer('');
    },
  },
  prctl: {
    usage: 'prctl PID thp_disable no|complete|except-advised',
    brief: 'PR_SET_THP_DISABLE',
    run: ({ host }, [pid, name, value]) => {
      const found = findProcess(host.kernel, pid);
      if (isAnswer(found)) return found;
      if (name !== 'thp_disable' || !['no', 'complete', 'except-advised'].includes(value ?? ''))
        return refusal('EINVAL');
      found.mm.thpDisable = value as ThpDisable;
      return answer('');
    },
  },
  pin: {
    usage: 'pin PID ADDR LEN',
    brief: 'takes an extra reference to each folio of the range, as vmsplice or O_DIRECT do',
    run: onRange((state, { mm }, range) => {
      let last = -1;
      for (let page = range.start; page < range.end; page++) {
        const head = headAt(state, mm, page);
        if (head === last && head >= 0) continue;
        last = pin(state.host.kernel, mm, page);
        if (last < 0) return refusal('EFAULT');
      }
      return answer('');
    }),
  },
  unpin: {
    usage: 'unpin PID ADDR LEN',
    brief: 'gives the references of pinned folios in the range back',
    run: onRange((state, { mm }, range) => {
      const { kernel } = state.host;
      for (let page = range.start; page < range.end; page++) {
        const head = headAt(state, mm, page);
        if (head >= 0 && kernel.folios.pins[head] > 0) unpin(kernel, head, kernel.folios.pins[head]);
      }
      return answer('');
    }),
  },
};

const PERMISSIONS: Readonly<Record<string, number>> = {
  none: 0,
  r: VM.read,
  rw: VM.read | VM.write,
  rx: VM.read | VM.exec,
};

function headAt({ host }: ShellState, mm: Mm, page: number): number {
  const leaf = emptyLeaf();
  if (!translate(host.kernel, mm, page, leaf) || leaf.zero) return -1;
  return host.kernel.folios.headOf(leaf.frame);
}

function outcome({ host }: ShellState, done: Outcome): LineAnswer {
  host.kernel.clock.spend(done.cost);
  return done.error === undefined ? answer('') : refusal(done.error);
}

function onRange(
  act: (state: ShellState, target: ProcessAndMemory, range: PageRange, rest: readonly string[]) => LineAnswer,
): Run {
  return (state, [pid, address, length, ...rest]) => {
    const found = findProcess(state.host.kernel, pid);
    if (isAnswer(found)) return found;
    const range = findRange(state.host.kernel, address, length);
    return isAnswer(range) ? range : act(state, found, range, rest);
  };
}

/** Checks in the kernel's order: the process, the advice, the address. The length is answered as it was given. */
function advise(state: ShellState, words: readonly string[], own: boolean): LineAnswer {
  const { kernel } = state.host;
  const [pid, address, length, advice] = words;
  if (words.length !== 4) return misuse('PID ADDR LEN ADVICE');
  const range = findRange(kernel, address, length);
  if (isAnswer(range) && range.failure?.kind === 'usage') return range;
  if (!/^\d+$/.test(pid)) return misuse('a pid is a decimal number');
  const task = kernel.processes.get(Number(pid));
  if (task?.mm === undefined) return refusal('ESRCH');
  const name = adviceOf(advice);
  if (name === undefined) return refusal('EINVAL');
  const ranges = isAnswer(range) ? [] : [range];
  const done = processMadvise(kernel, own ? { ...ROOT, mm: task.mm.id } : ROOT, task, ranges, name);
  kernel.clock.spend(done.cost);
  if (done.error !== undefined) return refusal(done.error);
  if (isAnswer(range)) return range;
  return answer(String(Math.min(parseLength(length) ?? 0, MAX_BYTES)));
}

/** An advice by its name, with or without MADV_, or by its number. */
function adviceOf(word: string): AdviceName | undefined {
  const names = Object.keys(ADVICE) as AdviceName[];
  if (/^\d+$/.test(word)) return names.find((name) => ADVICE[name] === Number(word));
  const name = word.startsWith('MADV_') ? word : `MADV_${word.toUpperCase()}`;
  return isAdviceName(name) ? name : undefined;
}
