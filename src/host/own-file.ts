/**
 * Files that Octavo keeps itself: ordinary ones. What was put in the place of one (a pipe, a device) could let a
 * read or a write wait for ever, so it is neither read nor written.
 */
import { failure } from '../base/result.js';
import type { Answer, Files } from './host.js';

/** Like `readText` of an ordinary file; EINVAL of anything else. */
export function readOwnText(files: Files, path: string): Answer<string> {
  return refusal(files, path) ?? files.readText(path);
}

/** Like `readBytes` of an ordinary file; EINVAL of anything else. */
export function readOwnBytes(files: Files, path: string): Answer<Uint8Array> {
  return refusal(files, path) ?? files.readBytes(path);
}

/** Like `writeFile` of an ordinary file or a new one; EINVAL of anything else. */
export function writeOwn(files: Files, path: string, content: string | Uint8Array): Answer<void> {
  return refusal(files, path) ?? files.writeFile(path, content);
}

/** Undefined for an ordinary file, and for what has no status: the call itself says why. */
export function refusal(files: Files, path: string): Answer<never> | undefined {
  const status = files.status(path);
  if (!status.ok || status.value.kind !== 'other') return undefined;
  return failure({ errno: 'EINVAL', call: `open ${path}, which is no ordinary file` });
}
