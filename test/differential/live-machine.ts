/** The real kernel: the calls are made by a child process, so that a fault that goes wrong ends only that. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import type { Ask, Told } from './live-caller.js';
import { processVmRead } from './process-vm-read.js';
import type { Backing, Machine, OwnAnswer, Span } from './test-machine.js';

const PROGRAM = fileURLToPath(new URL('./live-caller.js', import.meta.url));

/** Starts a caller with a fresh region of `blocks` PMD-sized blocks. */
export async function liveMachine(blocks: number, { kind, offset }: Backing): Promise<Machine> {
  const child = fork(PROGRAM, [String(blocks), kind, String(offset)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [greeting] = (await once(child, 'message')) as [{ firstPage: number; pages: number }];
  const ask = (request: Ask) => askChild(child, request);
  return {
    host: linuxHost(),
    pid: child.pid!,
    ...greeting,
    read: (span, step) => ask({ call: 'read', ...span, step }),
    write: (span, step) => ask({ call: 'write', ...span, step }),
    advise: (span, advice) => ask({ call: 'madvise', ...span, advice }),
    protect: (span, access) => ask({ call: 'mprotect', ...span, access }),
    unmap: (span) => ask({ call: 'munmap', ...span }),
    move: (span, to) => ask({ call: 'mremap', ...span, to }),
    lock: (span) => ask({ call: 'mlock', ...span }),
    unlock: (span) => ask({ call: 'munlock', ...span }),
    pin: (span: Span) => ask({ call: 'vmsplice', ...span }),
    unpin: () => ask({ call: 'unpin' }),
    fork: () => ask({ call: 'fork' }),
    reap: () => ask({ call: 'reap' }),
    userfault: (span) => ask({ call: 'userfault', ...span }),
    vmRead: (span) => processVmRead(child.pid!, greeting.firstPage + span.from, span.pages),
    thpDisable: (how) => ask({ call: 'prctl', how }),
    settle: async () => {
      await ask({ call: 'drain' });
    },
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.send({ call: 'exit' });
      await ended;
    },
  };
}

async function askChild(child: ChildProcess, request: Ask): Promise<OwnAnswer> {
  const answered = new AbortController();
  const { signal } = answered;
  const told = Promise.race([
    once(child, 'message', { signal }).then(([message]) => message as Told),
    once(child, 'exit', { signal }).then(([code, ended]) => {
      throw new Error(`the caller ended (${ended ?? code}) at ${JSON.stringify(request)}`);
    }),
  ]);
  child.send(request);
  try {
    return (await told).answer;
  } finally {
    // Whichever event did not come is no longer waited for; a listener less per request.
    answered.abort();
  }
}
