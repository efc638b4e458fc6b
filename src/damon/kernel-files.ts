/**
 * Reads and writes below DAMON's sysfs tree. The kernel only tries its global lock for `state`, `pid`, counts and
 * paths and returns EBUSY at once, so those are tried again with growing, jittered pauses.
 */
import { failure, success } from '../base/result.js';
import type { Answer, Host } from '../host/host.js';

/** Directory of the kdamonds that user space sets up. */
export const KDAMONDS = '/sys/kernel/mm/damon/admin/kdamonds';

const TRIES = 8;
const FIRST_PAUSE_MS = 10;

/** Calls `act` again while the kernel says EBUSY, with growing pauses; returns its last answer. */
export async function patiently<Value>(host: Host, act: () => Answer<Value>): Promise<Answer<Value>> {
  let answer = act();
  for (let attempt = 1; attempt < TRIES && !answer.ok && answer.error.errno === 'EBUSY'; attempt++) {
    const jitter = 0.5 + host.random.uint32() / 2 ** 32;
    await host.clock.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1) * jitter);
    answer = act();
  }
  return answer;
}

/** Writes a text to a file of the tree; the empty text as a line end. */
export function writeFile(host: Host, path: string, text: string): Promise<Answer<void>> {
  // A write of no bytes never reaches the kernel; a line end stands for "empty" in its path files.
  return patiently(host, () => host.files.writeKernelFile(path, text === '' ? '\n' : text));
}

/** Returns the text of a file of the tree without its last line end. */
export function readFile(host: Host, path: string): Promise<Answer<string>> {
  return patiently(host, () => {
    const text = host.files.readText(path);
    return text.ok ? success(text.value.replace(/\n$/, '')) : text;
  });
}

/** A number of a file, or undefined when it is absent or no number. */
export function numberAt(host: Host, path: string): bigint | undefined {
  const text = host.files.readText(path);
  if (!text.ok) return undefined;
  const digits = text.value.trim();
  return /^-?\d+$/.test(digits) ? BigInt(digits) : undefined;
}

/** Directories `0`, `1`, … below a path, in order. Empty when the path is absent. */
export function numberedChildren(host: Host, path: string): number[] {
  const names = host.files.list(path);
  if (!names.ok) return [];
  return names.value
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((left, right) => left - right);
}

/** Every file below DAMON's tree that can be read, one `path = content` a line: for comparing before and after. */
export async function dumpTree(host: Host, path: string = KDAMONDS): Promise<string[]> {
  const names = host.files.list(path);
  if (!names.ok) return [];
  const lines: string[] = [];
  for (const name of [...names.value].sort()) {
    const child = `${path}/${name}`;
    const status = host.files.status(child);
    if (!status.ok) continue;
    if (status.value.kind === 'directory') lines.push(...(await dumpTree(host, child)));
    else lines.push(await describeFile(host, child));
  }
  return lines;
}

async function describeFile(host: Host, path: string): Promise<string> {
  const text = await readFile(host, path);
  return `${path} = ${text.ok ? text.value : text.error.errno}`;
}

/** Returns a refusal of our own in the form of the kernel's. */
export function refused<Value>(
  errno: 'ECANCELED' | 'ENOENT' | 'EBUSY' | 'ESRCH',
  call: string,
): Answer<Value> {
  return failure({ errno, call });
}
