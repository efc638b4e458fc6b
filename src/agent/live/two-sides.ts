/** The agent of a live host in two processes: how it becomes two, and how the deciding one finds the other. */
import type { Host } from '../../host/host.js';
import { openChannel } from '../../host/linux/descriptor-channel.js';
import { stateDirectory } from '../../host/linux/linux-host.js';
import { takeOwnEnd } from '../../host/linux/split/own-end.js';
import { signalSelf } from '../../host/linux/split/signal-self.js';
import { canSplit, split } from '../../host/linux/split/split.js';
import { loadConfiguration } from '../configuration/read.js';
import { Connection } from '../hands/connect.js';
import type { Wish } from '../hands/protocol.js';
import { DECIDING } from '../life/mind.js';
import { runtimeDirectory } from '../life/status.js';

/**
 * What the acting side needs, each for one thing: other users' /proc files and memory (PTRACE, DAC_READ_SEARCH), frame
 * numbers in pagemap, kpageflags and debugfs (ADMIN), process_madvise and not to be preempted with locks held (NICE), samples
 * of the PMU and their rings (PERFMON, IPC_LOCK).
 */
export const ACTING_CAPABILITIES = [
  'CAP_DAC_READ_SEARCH',
  'CAP_IPC_LOCK',
  'CAP_PERFMON',
  'CAP_SYS_ADMIN',
  'CAP_SYS_NICE',
  'CAP_SYS_PTRACE',
] as const;

/**
 * The state directory of a configuration, and that of the deciding side in it. `userId`: the acting side's, by whom the usual
 * directory goes; the deciding side is another user.
 */
export function stateOf(
  host: Host,
  file: string,
  userId = host.identity.userId,
): { readonly state: string; readonly deciding: string } {
  const usual = userId === host.identity.userId ? host.identity.stateDirectory : stateDirectory(userId);
  const state = loadConfiguration(host, file).state ?? usual;
  return { state, deciding: `${state}/${DECIDING}` };
}

/** Whether this process is to become two: it has privileges, and is none of the two yet. */
export function shouldSplit(host: Host): boolean {
  return host.identity.kind === 'linux' && canSplit();
}

/** How this program is started as either side. */
export interface Sides {
  readonly acting: URL;
  readonly deciding: URL;
  /** The command line of this process. */
  readonly words: readonly string[];
}

/**
 * Goes on as the acting side, with the deciding side as a child that runs this very command line. Returns only when that
 * was refused, with the reason. Throws what is wrong with the configuration.
 */
export async function becomeTwo(host: Host, file: string, sides: Sides): Promise<string> {
  const { runtime } = loadConfiguration(host, file);
  const { state } = stateOf(host, file);
  const { errno, call } = await split({
    deciding: { entry: sides.deciding, words: sides.words },
    acting: { entry: sides.acting, words: [file] },
    keep: ACTING_CAPABILITIES,
    rooms: {
      ...{ state, deciding: DECIDING, shared: ['history'] },
      reads: [file],
      ...{ runtime: runtime ?? runtimeDirectory(host), isOurs: runtime === undefined },
    },
  });
  return `${call}: ${errno}`;
}

/**
 * The acting side, where this process is the deciding one of two. What it wants, and its end, come to this process as the
 * signals do that say the same.
 */
export function otherSide(host: Host): Connection | undefined {
  const descriptor = takeOwnEnd();
  if (descriptor === undefined) return undefined;
  const wished = (wish: Wish) => signalSelf(wish === 'reload' ? 'SIGHUP' : 'SIGTERM');
  const connection = new Connection(openChannel(descriptor), host.clock, wished);
  void connection.ended.then(() => {
    if (!connection.isClosed) signalSelf('SIGTERM');
  });
  return connection;
}
