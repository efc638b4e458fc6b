/**
 * damon_aggregated events in a buffer of one's own: a tracing instance, so that neither other readers' buffers nor
 * their switches are touched. Its name tells its owner, so that one left behind by a kill -9 can be told and removed.
 * Where there are no instances the shared buffer is used, with its switch journaled and put back as found.
 */
import { parseJson } from '../base/json-text.js';
import { failure, type Result, success } from '../base/result.js';
import type { Answer, Host, Refusal } from '../host/host.js';
import { type Holder, isAlive, isHolder, ownHolder } from '../host/lock-file.js';

/** A tracing instance with the events of DAMON. */
export interface TraceBuffer {
  /** What was in it before, for telling new events from old. */
  readonly earlier: string;
  /** Everything in it, oldest first. */
  read(): Answer<string>;
  /** Puts back what was found. */
  close(): void;
}

const ROOTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
const SWITCH = 'events/damon/damon_aggregated/enable';
const INSTANCE = /^octavo-(\d+)-(\d+)$/;

/** Opens the buffer and turns the event on in it. */
export function openTraceBuffer(host: Host): Result<TraceBuffer, Refusal> {
  recoverTracing(host);
  const root = ROOTS.find((folder) => host.files.status(`${folder}/${SWITCH}`).ok);
  if (!root) return failure({ errno: 'ENOENT', call: `open ${ROOTS[0]}/${SWITCH}` });
  return openInstance(host, root) ?? openShared(host, root);
}

/** Undefined where instances cannot be had. */
function openInstance(host: Host, root: string): Result<TraceBuffer, Refusal> | undefined {
  if (!host.files.list(`${root}/instances`).ok) return undefined;
  const { pid, startTicks } = ownHolder(host);
  const folder = `${root}/instances/octavo-${pid}-${startTicks}`;
  if (!host.files.makeDirectory(folder).ok) return undefined;
  const on = host.files.writeKernelFile(`${folder}/${SWITCH}`, '1');
  if (!on.ok) {
    host.files.remove(folder);
    return on;
  }
  return success({
    earlier: '',
    read: () => host.files.readText(`${folder}/trace`),
    close: () => void host.files.remove(folder),
  });
}

function openShared(host: Host, root: string): Result<TraceBuffer, Refusal> {
  const path = `${root}/${SWITCH}`;
  const found = host.files.readText(path);
  if (!found.ok) return found;
  const earlier = host.files.readText(`${root}/trace`);
  if (!earlier.ok) return earlier;
  const wasOn = found.value.startsWith('1');
  if (!wasOn) {
    const journaled = writeJournal(host, path);
    if (!journaled.ok) return journaled;
    const on = host.files.writeKernelFile(path, '1');
    if (!on.ok) {
      host.files.remove(journalPath(host));
      return on;
    }
  }
  return success({
    earlier: earlier.value,
    read: () => host.files.readText(`${root}/trace`),
    close: () => {
      if (wasOn) return;
      host.files.writeKernelFile(path, '0');
      host.files.remove(journalPath(host));
    },
  });
}

/** Puts back what Octavos that are gone left on in tracefs. */
export function recoverTracing(host: Host): void {
  for (const root of ROOTS) {
    const instances = host.files.list(`${root}/instances`);
    for (const name of instances.ok ? instances.value : []) {
      const [, pid, startTicks] = INSTANCE.exec(name) ?? [];
      if (pid === undefined) continue;
      const { bootId } = host.identity;
      const holder = { pid: Number(pid), startTicks: Number(startTicks), bootId };
      if (!isAlive(host, holder)) host.files.remove(`${root}/instances/${name}`);
    }
  }
  const left = readJournal(host);
  if (!left || isAlive(host, left.holder)) return;
  if (left.holder.bootId === host.identity.bootId) host.files.writeKernelFile(left.path, '0');
  host.files.remove(journalPath(host));
}

/** A switch of the shared buffer that was off when its holder found it. */
interface SwitchedOn {
  readonly holder: Holder;
  readonly path: string;
}

const journalPath = (host: Host) => `${host.identity.stateDirectory}/damon-trace.json`;

function writeJournal(host: Host, path: string): Answer<void> {
  host.files.makeDirectory(host.identity.stateDirectory);
  const journal: SwitchedOn = { holder: ownHolder(host), path };
  return host.files.writeFile(journalPath(host), JSON.stringify(journal));
}

function readJournal(host: Host): SwitchedOn | undefined {
  const text = host.files.readText(journalPath(host));
  const parsed = text.ok ? parseJson(text.value) : text;
  const { holder, path } = ((parsed.ok && parsed.value) || {}) as Partial<SwitchedOn>;
  const isOurs = ROOTS.some((root) => path === `${root}/${SWITCH}`);
  return isHolder(holder) && path !== undefined && isOurs ? { holder, path } : undefined;
}
