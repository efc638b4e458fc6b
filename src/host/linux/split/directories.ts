/** Directories that the deciding process may write to: its own, made before the split by the one that may make them. */
import { chmodSync, chownSync, lstatSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectories } from '../../make-directories.js';
import type { User } from './user.js';

export interface Rooms {
  /** Where the acting side keeps its own; others may pass through it, and see nothing. */
  readonly state: string;
  /** Below it, the deciding side's. */
  readonly deciding: string;
  /** Names in `state` that lead to those of the deciding side, for whoever looks for them there. */
  readonly shared: readonly string[];
  /** Where its status and sockets are; absent when the configuration names a place, which is left as it is. */
  readonly runtime?: string;
}

const PASSABLE = 0o711;

export function makeRooms({ state, deciding, shared, runtime }: Rooms, user: User): void {
  makeDirectories(state, PASSABLE);
  chmodSync(state, PASSABLE);
  give(join(state, deciding), 0o700, user);
  if (runtime !== undefined) give(runtime, 0o755, user);
  for (const name of shared) link(join(deciding, name), join(state, name));
}

/** Never through a symbolic link that somebody put there. */
function give(path: string, mode: number, { userId, groupId }: User): void {
  makeDirectories(path, mode);
  if (!lstatSync(path).isDirectory()) throw new Error(`${path} is no directory`);
  chownSync(path, userId, groupId);
  chmodSync(path, mode);
}

function link(target: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(target, path);
}
