/** The thread that serves pages: listens, answers, and ends when it is told to. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ListenPlace } from '../host.js';
import { listen } from './listen.js';
import type { FromThread, ToThread } from './page-server.js';
import { Pages, pageServer } from './respond.js';

const port = parentPort;
const tell = (word: FromThread) => port?.postMessage(word);
const pages = new Pages();
const server = pageServer(pages, workerData as ListenPlace);

port?.on('message', (word: ToThread) => {
  if ('pages' in word) pages.set(word.pages);
  else close();
});

listen(server, workerData as ListenPlace).then(
  (listening) => tell({ listening }),
  (problem) => {
    tell({ refused: (problem as NodeJS.ErrnoException).code ?? 'EIO' });
    port?.close();
  },
);

function close(): void {
  server.close();
  server.closeAllConnections();
  port?.close();
}
