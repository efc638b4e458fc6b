/** Listening on a Unix socket or a loopback port. A socket that a dead process left is taken over; nothing else is removed. */
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, type Server } from 'node:net';
import type { ListenPlace } from '../host.js';

/** Returns the place with the port that was chosen. Rejects with an error that has a code. */
export async function listen(server: Server, place: ListenPlace): Promise<ListenPlace> {
  if (place.kind === 'unix') {
    await removeDead(place.path);
    await listening(server, { path: place.path });
    // Until now only its owner can reach it: nothing is published yet.
    chmodSync(place.path, place.mode);
    return place;
  }
  await listening(server, { host: place.address, port: place.port });
  return { ...place, port: (server.address() as AddressInfo).port };
}

function listening(server: Server, options: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, resolve);
  });
}

async function removeDead(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw Object.assign(new Error(`${path} is no socket`), { code: 'EEXIST' });
  if (await answers(path)) throw Object.assign(new Error(`${path} is served`), { code: 'EADDRINUSE' });
  rmSync(path, { force: true });
}

/** Whether a process listens. A user who may not ask cannot take over, either. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const tell = (whether: boolean) => {
      socket.destroy();
      resolve(whether);
    };
    socket.once('connect', () => tell(true));
    socket.once('error', (problem) => tell((problem as NodeJS.ErrnoException).code !== 'ECONNREFUSED'));
  });
}
