/** What the acting process of a split needs of its host besides the channel: the host's signals, and the end of its child. */
import { endProcess, prepareToEnd } from '../end-process.js';
import { Native } from '../native.js';

/** A signal that the acting process hands on. */
export type HeardSignal = 'SIGHUP' | 'SIGTERM' | 'SIGINT';

/** Calls `heard` for each of the signals that a service gets. */
export function onSignals(heard: (name: HeardSignal) => void): void {
  for (const name of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const) process.on(name, () => heard(name));
}

const WNOHANG = 1;
const LOOK_AGAIN_MS = 10;

/** The exit code of a child, 128 + n after signal n; undefined when it does not end in time or is none of ours. */
export async function exitCodeOf(pid: number, withinMs: number): Promise<number | undefined> {
  const native = new Native(process.arch === 'arm64' ? 'arm64' : 'x64');
  const { address, bytes } = native.arena(4096);
  const status = new Int32Array(bytes.buffer, bytes.byteOffset, 1);
  for (let waited = 0; waited <= withinMs; waited += LOOK_AGAIN_MS) {
    const { value } = native.call('wait4', pid, address, WNOHANG, 0);
    if (value === pid) return codeOf(status[0]);
    if (value < 0) return undefined;
    await new Promise<void>((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return undefined;
}

function codeOf(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}

/** Ends this process at once, whatever it waits for. */
export function endActing(code: number): never {
  prepareToEnd();
  return endProcess(code);
}
