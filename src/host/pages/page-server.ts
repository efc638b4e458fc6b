/** Pages from a thread of their own: neither a slow client nor a turn that takes long keeps the other waiting. */
import { Worker } from 'node:worker_threads';
import { failure, success } from '../../base/result.js';
import { type ErrnoName, isErrnoName } from '../../vocabulary/errno.js';
import type { Answer, ListenPlace, Page, PageServer } from '../host.js';

/** What the thread tells. */
export type FromThread = { readonly listening: ListenPlace } | { readonly refused: string };
/** What it is told. */
export type ToThread = { readonly pages: readonly Page[] } | { readonly close: true };

/** Pages and the buffers of a few dozen clients: much less. */
const THREAD_MIB = 32;

/** Starts a thread that serves pages at a place. Refused with the errno of listen(2). */
export async function servePages(place: ListenPlace): Promise<Answer<PageServer>> {
  const worker = new Worker(new URL('./page-thread.js', import.meta.url), {
    workerData: place,
    resourceLimits: { maxOldGenerationSizeMb: THREAD_MIB, maxYoungGenerationSizeMb: 4 },
  });
  const ended = endOf(worker);
  const call = `listen ${showPlace(place)}`;
  const first = await Promise.race([firstWord(worker), ended.then((why) => ({ refused: why ?? 'EIO' }))]);
  if ('refused' in first) {
    await worker.terminate();
    return failure({ errno: isErrnoName(first.refused) ? first.refused : ('EIO' satisfies ErrnoName), call });
  }
  // Serving alone keeps no process alive.
  worker.unref();
  return success(new ThreadServer(worker, first.listening, ended));
}

/** `unix:/run/octavo.sock`, `127.0.0.1:9650`, `[::1]:9650` */
export function showPlace(place: ListenPlace): string {
  if (place.kind === 'unix') return `unix:${place.path}`;
  return `${place.address.includes(':') ? `[${place.address}]` : place.address}:${place.port}`;
}

function firstWord(worker: Worker): Promise<FromThread> {
  return new Promise((resolve) => worker.once('message', resolve));
}

/** Why the thread ended by itself; undefined when it was told to. */
function endOf(worker: Worker): Promise<string | undefined> {
  return new Promise((resolve) => {
    worker.once('error', (problem) => resolve((problem as NodeJS.ErrnoException).code ?? String(problem)));
    worker.once('exit', () => resolve(undefined));
  });
}

class ThreadServer implements PageServer {
  readonly place: ListenPlace;
  readonly ended: Promise<string | undefined>;
  readonly #worker: Worker;

  constructor(worker: Worker, place: ListenPlace, ended: Promise<string | undefined>) {
    this.#worker = worker;
    this.place = place;
    this.ended = ended;
  }

  publish(pages: readonly Page[]): void {
    this.#worker.postMessage({ pages } satisfies ToThread);
  }

  async close(): Promise<void> {
    this.#worker.ref();
    this.#worker.postMessage({ close: true } satisfies ToThread);
    await this.ended;
  }
}
