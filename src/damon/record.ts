/**
 * Written ahead of the first change to DAMON's tree, durably, and removed after the last: what was found, what was
 * changed. After a kill -9 the next Octavo finds it and puts everything back.
 */
import { parseJson } from '../base/json-text.js';
import type { Host } from '../host/host.js';
import { type Holder, isAlive, isHolder } from '../host/lock-file.js';
import { KDAMONDS, numberAt, numberedChildren, readFile, writeFile } from './kernel-files.js';
import { recoverTracing } from './trace-buffer.js';

/** What has to be put back after a session of DAMON. */
export interface SessionRecord {
  readonly octavo: 'damon-session';
  readonly version: 1;
  readonly holder: Holder;
  readonly slot: number;
  /** The tree had no slot at all, so that nr_kdamonds goes back to 0. */
  readonly grew: boolean;
  /** Of the slot as it was found. */
  readonly refreshMs: string | null;
  /** Processes that the slot was told to look at: proof that a configured slot is still the one left behind. */
  readonly targets: readonly number[];
  /** Pid of the kernel thread since the last start, null before one: another thread belongs to another program. */
  readonly kdamond: number | null;
}

function isRecord(value: unknown): value is SessionRecord {
  const { octavo, version, holder, slot, grew, refreshMs, targets, kdamond } = (value ?? {}) as Record<
    string,
    unknown
  >;
  return (
    octavo === 'damon-session' &&
    version === 1 &&
    isHolder(holder) &&
    Number.isInteger(slot) &&
    typeof grew === 'boolean' &&
    (refreshMs === null || typeof refreshMs === 'string') &&
    (kdamond === null || Number.isInteger(kdamond)) &&
    Array.isArray(targets) &&
    targets.every((pid) => Number.isInteger(pid))
  );
}

/** Returns the path of the record in the state directory. */
export const recordPath = (host: Host) => `${host.identity.stateDirectory}/damon-session.json`;

/** Writes the record to stable storage. */
export function writeRecord(host: Host, record: SessionRecord) {
  return host.files.writeFile(recordPath(host), JSON.stringify(record));
}

/** Returns the record that is kept; undefined where there is none or it is damaged. */
export function readRecord(host: Host): SessionRecord | undefined {
  const text = host.files.readText(recordPath(host));
  const parsed = text.ok ? parseJson(text.value) : text;
  return parsed.ok && isRecord(parsed.value) ? parsed.value : undefined;
}

/** Removes the record once everything is put back. */
export function removeRecord(host: Host): void {
  host.files.remove(recordPath(host));
}

/** What became of a session that its process did not end. */
export type Leftover =
  | 'none'
  | 'still running'
  | 'put back'
  | 'gone with the boot'
  | 'changed by others since';

/** Puts back what a dead Octavo left in DAMON's tree. Leaves alone what another program has changed since. */
export async function recoverLeftover(host: Host): Promise<Leftover> {
  recoverTracing(host);
  const record = readRecord(host);
  if (!record) return 'none';
  if (isAlive(host, record.holder)) return 'still running';
  const outcome = await putBackLeftover(host, record);
  removeRecord(host);
  return outcome;
}

async function putBackLeftover(host: Host, record: SessionRecord): Promise<Leftover> {
  if (record.holder.bootId !== host.identity.bootId) return 'gone with the boot';
  return (await putBack(host, record)) ? 'put back' : 'changed by others since';
}

function isStillOurs(host: Host, record: SessionRecord): boolean {
  const folder = `${KDAMONDS}/${record.slot}`;
  const contexts = numberAt(host, `${folder}/contexts/nr_contexts`);
  if (contexts === undefined) return record.grew;
  if (record.grew && numberAt(host, `${KDAMONDS}/nr_kdamonds`) !== 1n) return false;
  if (contexts === 0n) return true;
  const thread = numberAt(host, `${folder}/pid`);
  const runs = thread !== undefined && thread > 0n;
  if (runs && record.kdamond !== null && Number(thread) !== record.kdamond) return false;
  const targets = `${folder}/contexts/0/targets`;
  const found = numberedChildren(host, targets);
  // Killed between two writes: fewer targets than recorded, or pids not yet written (0).
  if (found.length > record.targets.length) return false;
  return found.every((index) => {
    const pid = numberAt(host, `${targets}/${index}/pid_target`);
    return pid === 0n || Number(pid) === record.targets[index];
  });
}

/**
 * Stops the slot, empties it, and takes it away if it was not there before. False when another program has set it up
 * since, which can be once its kdamond has ended by itself: then it is left alone.
 */
export async function putBack(host: Host, record: SessionRecord): Promise<boolean> {
  if (!isStillOurs(host, record)) return false;
  const folder = `${KDAMONDS}/${record.slot}`;
  const state = await readFile(host, `${folder}/state`);
  if (state.ok && state.value === 'on') await writeFile(host, `${folder}/state`, 'off');
  if (record.grew) {
    await writeFile(host, `${KDAMONDS}/nr_kdamonds`, '0');
    return true;
  }
  await writeFile(host, `${folder}/contexts/nr_contexts`, '0');
  if (record.refreshMs !== null) await writeFile(host, `${folder}/refresh_ms`, record.refreshMs);
  return true;
}
