/** The deciding side of split-start.ts: tells what it is and what it can do, and stays until the other side ends. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { openChannel } from '../../src/host/linux/descriptor-channel.js';
import { takeOwnEnd } from '../../src/host/linux/split/own-end.js';
import { statusOf } from './thread-status.js';

const [mode] = process.argv.slice(2);
const channel = openChannel(takeOwnEnd() ?? -1);
const parent = process.ppid;

/** The errno of an act, or that it went. */
function tried(act: () => unknown): string {
  try {
    act();
    return 'done';
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code ?? String(problem);
  }
}

const told = {
  side: 'deciding',
  ...statusOf('self'),
  parent,
  tries: {
    readsMemory: tried(() => readFileSync(`/proc/${parent}/mem`)),
    readsMaps: tried(() => readFileSync(`/proc/${parent}/maps`)),
    signals: tried(() => process.kill(parent, 'SIGTERM')),
    writesSysfs: tried(() => accessSync('/sys/kernel/mm/transparent_hugepage/enabled', constants.W_OK)),
    becomesRoot: tried(() => process.setuid?.(0)),
  },
};
channel.send(Buffer.from(`${JSON.stringify(told)}\n`));
if (mode === 'ends') setTimeout(() => process.exit(0), 100);
for await (const _ of channel.received) {
  // Stays until the other side ends.
}
process.exit(0);
