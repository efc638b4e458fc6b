/** The thread that starts the deciding process: it gives up all capabilities, and what it starts has none. */
import { parentPort, workerData } from 'node:worker_threads';
import { Native } from '../native.js';
import { keepNothing } from './capabilities.js';
import { withNote } from './own-end.js';
import type { Started, Starting } from './split.js';

start(workerData as Starting);

function start({ descriptor, program, words, user }: Starting): void {
  const native = new Native(process.arch === 'arm64' ? 'arm64' : 'x64');
  const refused = keepNothing(native, user !== undefined);
  if (refused) {
    tell({ problem: `capabilities could not be given up (${refused})` });
    return;
  }
  // Loaded here: not before there is nothing left to lose.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(program, words, {
    // The socket has the number OWN_END.
    stdio: ['ignore', 'inherit', 'inherit', descriptor],
    env: withNote(process.env, process.pid),
    ...(user === undefined ? {} : { uid: user.userId, gid: user.groupId }),
  });
  child.once('spawn', () => tell({ pid: child.pid ?? 0 }));
  child.once('error', (problem) => tell({ problem: problem.message }));
}

function tell(started: Started): void {
  parentPort?.postMessage(started);
}
