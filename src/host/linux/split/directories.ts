/** Directories that the deciding process may write to: its own, made before the split by the one that may make them. */
import { chmodSync, chownSync, lstatSync, type Stats, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDirectories } from '../../make-directories.js';
import type { User } from './user.js';

/** Directories of both sides. */
export interface Rooms {
  /** Where the acting side keeps its own; others may pass through it, and see nothing. */
  readonly state: string;
  /** Below it, the deciding side's. */
  readonly deciding: string;
  /** Names in `state` that lead to those of the deciding side, for commands that look for them there. */
  readonly shared: readonly string[];
  /** Where its status and sockets are. One that is there and not Octavo's own (`isOurs`) is left as it is. */
  readonly runtime: string;
  readonly isOurs: boolean;
  /** Files that it reads. */
  readonly reads: readonly string[];
}

const PASSABLE = 0o711;

/** Throws an Error that says what stands in the way. */
export function makeRooms(rooms: Rooms, user: User): void {
  const { state, deciding, shared, runtime, isOurs, reads } = rooms;
  makeDirectories(state, PASSABLE);
  chmodSync(state, PASSABLE);
  give(join(state, deciding), 0o700, user);
  const isThere = lstatSync(runtime, { throwIfNoEntry: false }) !== undefined;
  if (isOurs || !isThere) give(runtime, 0o755, user);
  for (const name of shared) link(join(deciding, name), join(state, name));
  for (const path of [join(state, deciding), runtime]) requireReach(path, 'enter', user);
  for (const path of reads) requireReach(path, 'read', user);
}

/** Bits of a mode for others; those of the group and the owner are three and six further left. */
const BITS = { enter: 1, read: 4 } as const;

/** Throws where a user may not do this with a path, or not come there. */
function requireReach(path: string, how: keyof typeof BITS, user: User): void {
  if (!may(statSync(path), BITS[how], user)) throw new Error(`user ${user.userId} may not ${how} ${path}`);
  const above = dirname(path);
  if (above !== path) requireReach(above, 'enter', user);
}

function may({ uid, gid, mode }: Stats, bit: number, { userId, groupId }: User): boolean {
  const shift = uid === userId ? 6 : gid === groupId ? 3 : 0;
  return ((mode >> shift) & bit) !== 0;
}

/** Never through a symbolic link. */
function give(path: string, mode: number, { userId, groupId }: User): void {
  makeDirectories(path, 0o755);
  if (!lstatSync(path).isDirectory()) throw new Error(`${path} is no directory`);
  chownSync(path, userId, groupId);
  chmodSync(path, mode);
}

function link(target: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(target, path);
}
