/** Small steps that every probe is made of. */
import type { Probed } from '../../vocabulary/abilities.js';
import type { Files, Refusal } from '../host.js';

/** It is there. */
export const yes = (fact: string): Probed => ({ answer: 'yes', fact, needs: '' });
/** It is not there; `needs` says what would change that. */
export const no = (fact: string, needs: string): Probed => ({ answer: 'no', fact, needs });
/** Some of it is there. */
export const partly = (fact: string, needs: string): Probed => ({ answer: 'partly', fact, needs });
/** It could not be found out without a trace. */
export const unknown = (fact: string, needs: string): Probed => ({ answer: 'unknown', fact, needs });

/** Text of a file without the trailing line end, null when it is absent or refused. */
export function textOf(files: Files, path: string): string | null {
  const read = files.readText(path);
  return read.ok ? read.value.trimEnd() : null;
}

/** Returns the integer that a file holds; null where there is none. */
export function numberOf(files: Files, path: string): number | null {
  const text = textOf(files, path);
  return text !== null && /^-?\d+$/.test(text) ? Number(text) : null;
}

/** `1`/`0` and `Y`/`N` files. */
export function switchOf(files: Files, path: string): boolean | null {
  const text = textOf(files, path);
  if (text === null) return null;
  return /^[1Yy]/.test(text) ? true : /^[0Nn]/.test(text) ? false : null;
}

/** Names in a directory, none when it is absent or refused. */
export function namesIn(files: Files, path: string): readonly string[] {
  const listed = files.list(path);
  return listed.ok ? listed.value : [];
}

/** Whether a path is there. */
export function exists(files: Files, path: string): boolean {
  return files.status(path).ok;
}

/** `open /proc/kpageflags: EACCES`, or why no kernel was asked. */
export const told = (refusal: Refusal): string =>
  refusal.unasked === undefined
    ? `${refusal.call}: ${refusal.errno}`
    : `${refusal.call} cannot be called: ${refusal.unasked}`;
