/**
 * What this process was given at its start and Node changes before any script runs: ignored signals and the signal
 * mask are reset, the soft limit of open files is raised to the hard one, and inherited files are closed on exec.
 * The launcher (octavo.sh) notes all of it in OCTAVO_INHERITED. Without the launcher only signs are left.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** What `octavo launch` restores before it becomes the program. */
export interface Inherited {
  /** Bit n - 1 is set when signal n was ignored. */
  readonly ignored: bigint;
  /** Bit n - 1 is set when signal n was blocked. */
  readonly blocked: bigint;
  /** Soft limit of open files (RLIMIT_NOFILE); undefined when it is not known to have been another. */
  readonly openFiles: bigint | undefined;
  /** File descriptors that were open at the start, the standard streams among them. */
  readonly files: readonly number[];
}

const NOTE = 'OCTAVO_INHERITED';
const SIGHUP_BIT = 1n;
/** Kinds of files that Node opens for itself, as /proc/self/fd shows them. */
const OF_NODE = /^anon_inode:\[(eventpoll|eventfd|io_uring|timerfd)\]$/;

/** Reads what was inherited and takes the launcher's note out of the environment, so that no program sees it. */
export function takeInherited(): Inherited {
  const note = process.env[NOTE];
  delete process.env[NOTE];
  return (note === undefined ? undefined : fromNote(note)) ?? fromSigns();
}

/** Whether a signal was ignored when this process was started. */
export function ignores({ ignored }: Inherited, signal: number): boolean {
  return ((ignored >> BigInt(signal - 1)) & 1n) === 1n;
}

/** `SigIgn:SigBlk:limit:fd fd …`, the masks in hexadecimal; undefined for anything else. */
export function fromNote(note: string): Inherited | undefined {
  const match = /^([0-9a-f]{1,16}):([0-9a-f]{1,16}):(\d+|unlimited):([\d ]*)$/.exec(note);
  if (match === null) return undefined;
  const [, ignored, blocked, limit, files] = match;
  const noted = files.split(' ').filter(Boolean).map(Number);
  return {
    ignored: BigInt(`0x${ignored}`),
    blocked: BigInt(`0x${blocked}`),
    openFiles: limit === 'unlimited' ? 2n ** 64n - 1n : BigInt(limit),
    // What the shell had open for itself is closed by now; Node may have given its number to a file of its own.
    files: noted.filter((descriptor) => isOpen(descriptor) && !OF_NODE.test(target(descriptor))),
  };
}

/** nohup(1) as the shell's last command, or a parent that ignores SIGHUP, tell that it was ignored here, too. */
function fromSigns(): Inherited {
  const parent = `/proc/${process.ppid}`;
  const byNohup = basename(process.env._ ?? '') === 'nohup';
  const ofParent = BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)$/m.exec(text(`${parent}/status`))?.[1] ?? '0'}`);
  return {
    ignored: byNohup ? SIGHUP_BIT : ofParent & SIGHUP_BIT,
    blocked: 0n,
    openFiles: raisedLimit(text(`${parent}/limits`), text('/proc/self/limits')),
    files: inheritedFiles(),
  };
}

/** The parent's soft limit where it is lower and the hard limits are equal. */
function raisedLimit(parent: string, own: string): bigint | undefined {
  const row = /^Max open files\s+(\d+)\s+(\d+)/m;
  const [, parentSoft, parentHard] = row.exec(parent) ?? [];
  const [, ownSoft, ownHard] = row.exec(own) ?? [];
  if (parentSoft === undefined || ownSoft === undefined || parentHard !== ownHard) return undefined;
  return BigInt(parentSoft) < BigInt(ownSoft) ? BigInt(parentSoft) : undefined;
}

/** All open files but those that Node opened: its polls, and pipes of which both ends are above the first of them. */
function inheritedFiles(): number[] {
  const open = readdirSync('/proc/self/fd').map(Number).filter(isOpen);
  const targets = new Map(open.map((descriptor) => [descriptor, target(descriptor)]));
  const first = Math.min(...open.filter((descriptor) => OF_NODE.test(targets.get(descriptor) ?? '')));
  const ends = (name: string) => open.filter((one) => targets.get(one) === name);
  return open.filter((descriptor) => {
    const name = targets.get(descriptor) ?? '';
    if (OF_NODE.test(name)) return false;
    return descriptor < first || !name.startsWith('pipe:') || ends(name).length < 2;
  });
}

function isOpen(descriptor: number): boolean {
  return target(descriptor) !== '';
}

function target(descriptor: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return '';
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
