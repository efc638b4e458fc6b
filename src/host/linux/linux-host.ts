import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { success } from '../../base/result.js';
import {
  type Milliseconds,
  type Nanoseconds,
  type PageGeometry,
  pageGeometry,
} from '../../vocabulary/units.js';
import type { Answer, Clock, Host, Identity, Random, WebServer } from '../host.js';
import { pageFile } from '../pages/page-file.js';
import { LinuxCalls } from './calls.js';
import { LinuxFiles } from './files.js';
import { hold, release } from './held.js';
import type { Inherited } from './inherited.js';
import type { Native } from './native.js';
import { serviceManager } from './service-manager.js';

/** The machine that this process runs on. `inherited` is what a program finds that this process becomes. */
export function linuxHost(inherited?: Inherited): Host {
  const identity = ownIdentity();
  let calls: LinuxCalls | undefined;
  const manager = serviceManager(process.env, () => loadNative(identity.architecture));
  return {
    files: new LinuxFiles(),
    // The foreign-function interface takes tens of milliseconds to load; much of what is read needs none of it.
    get calls() {
      calls ??= new LinuxCalls(loadNative(identity.architecture), identity.geometry, identity.pid, inherited);
      return calls;
    },
    clock: new LinuxClock(),
    random: new LinuxRandom(),
    identity,
    ...(manager === undefined ? {} : { serviceManager: manager }),
    // HTTP is loaded when something is served.
    network: {
      serve: async (place) => (await import('../pages/page-server.js')).servePages(place),
      answer: async (place, answerer, bounds) => {
        const { answerRequests } = await import('../pages/web-server.js');
        return holdingServer(() => answerRequests(place, answerer, bounds));
      },
      pageFile: (name) => pageFile(name),
      get: async (url, withinMs, mostBytes) =>
        (await import('../pages/local-get.js')).localGet(url, { withinMs, mostBytes }),
    },
  };
}

/** A socket is a file that has to go when the server closes: who asks for a stop waits for that. */
async function holdingServer(serve: () => Promise<Answer<WebServer>>): Promise<Answer<WebServer>> {
  hold();
  const served = await serve();
  if (!served.ok) {
    release();
    return served;
  }
  const { value } = served;
  return success({
    get place() {
      return value.place;
    },
    get waitingBytes() {
      return value.waitingBytes;
    },
    close: () => value.close().finally(release),
  });
}

/** The foreign-function interface, or the reason why there is none. */
function loadNative(architecture: Identity['architecture']): Native | string {
  if (architecture === 'other') return 'no system call numbers for this architecture';
  try {
    const module = createRequire(import.meta.url)('./native.js') as typeof import('./native.js');
    return new module.Native(architecture);
  } catch (error) {
    return `koffi cannot be loaded: ${(error as Error).message}`;
  }
}

class LinuxClock implements Clock {
  monotonicNs(): Nanoseconds {
    return Math.round(performance.now() * 1e6);
  }

  wallMs(): Milliseconds {
    return Date.now();
  }

  sleep(duration: Milliseconds, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, duration);
      signal?.addEventListener('abort', finish);
    });
  }
}

class LinuxRandom implements Random {
  uint32(): number {
    // Loaded on demand, which node:crypto is not.
    const [word] = crypto.getRandomValues(new Uint32Array(1));
    return word;
  }
}

function ownIdentity(): Identity {
  const userId = process.geteuid?.() ?? -1;
  return Object.freeze({
    kind: 'linux',
    architecture: process.arch === 'x64' || process.arch === 'arm64' ? process.arch : 'other',
    geometry: ownGeometry(),
    pid: process.pid,
    userId,
    isPrivileged: userId === 0,
    bootId: readOr('/proc/sys/kernel/random/boot_id', 'unknown').trim(),
    stateDirectory: stateDirectory(userId),
  });
}

function ownGeometry(): PageGeometry {
  const pageBytes = pageBytesFromAuxv();
  const huge = Number(readOr('/sys/kernel/mm/transparent_hugepage/hpage_pmd_size', '0'));
  // A page table is one page of 8-byte entries, so a PMD spans pageBytes / 8 pages.
  return pageGeometry(pageBytes, huge > 0 ? huge : pageBytes * (pageBytes / 8));
}

/** AT_PAGESZ (6) of the auxiliary vector: pairs of 8-byte words. */
function pageBytesFromAuxv(): number {
  try {
    const vector = readFileSync('/proc/self/auxv');
    for (let at = 0; at + 16 <= vector.length; at += 16) {
      if (vector.readUInt32LE(at) === 6) return vector.readUInt32LE(at + 8);
    }
  } catch {
    // Not readable in some sandboxes; every such machine seen has 4 KiB pages.
  }
  return 4096;
}

/** Where Octavo keeps its own as this user, who need not be the one of this process. */
export function stateDirectory(userId: number): string {
  const wanted = process.env.OCTAVO_STATE;
  if (wanted) return wanted;
  if (userId === 0) return '/var/lib/octavo';
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local/state'), 'octavo');
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return fallback;
  }
}
