/**
 * A recorded folder as a host: the same results as on the machine where it was recorded, at the time when it was.
 * Looking works, acting is refused with a value (EROFS), time passes only by waiting.
 */
import { SeededRandom } from '../../base/seeded-random.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { type Milliseconds, type Nanoseconds, pageGeometry } from '../../vocabulary/units.js';
import type { Clock, Host, Identity } from '../host.js';
import { FolderCalls } from './calls.js';
import { FolderFiles } from './files.js';
import { RecordedFolder } from './store.js';

/**
 * Opens a recording. `stateDirectory` is an ordinary directory of this machine. Throws FILE_UNREADABLE or
 * FILE_MALFORMED.
 */
export function folderHost(path: string, stateDirectory: string): Host {
  const folder = new RecordedFolder(path);
  const identity = recordedIdentity(folder, stateDirectory);
  const files = new FolderFiles(folder);
  return {
    files,
    calls: new FolderCalls(folder, files, identity.geometry),
    clock: new RecordedClock(folder.manifest.recordedAtMs),
    random: new SeededRandom(folder.manifest.seed),
    identity,
  };
}

function recordedIdentity(folder: RecordedFolder, stateDirectory: string): Identity {
  const { pageBytes, blockBytes, ...identity } = folder.manifest.identity;
  try {
    const geometry = pageGeometry(pageBytes, blockBytes);
    return Object.freeze({ kind: 'folder', ...identity, geometry, stateDirectory });
  } catch (error) {
    const problem = (error as Error).message;
    throw new OctavoError('FILE_MALFORMED', { path: folder.path, problem, place: 'identity' });
  }
}

/** Each look at the clock takes a microsecond, so that nothing seems to happen in no time at all. */
const LOOK_NS = 1000;

class RecordedClock implements Clock {
  readonly #startedAtMs: Milliseconds;
  #elapsedNs: Nanoseconds = 0;

  constructor(startedAtMs: Milliseconds) {
    this.#startedAtMs = startedAtMs;
  }

  monotonicNs(): Nanoseconds {
    this.#elapsedNs += LOOK_NS;
    return this.#elapsedNs;
  }

  wallMs(): Milliseconds {
    return this.#startedAtMs + Math.floor(this.#elapsedNs / 1e6);
  }

  async sleep(duration: Milliseconds, signal?: AbortSignal): Promise<void> {
    if (!signal?.aborted) this.#elapsedNs += Math.max(0, duration) * 1e6;
  }
}
