/**
 * The directories at which `octavo model run` mounts the model and the machine's /proc. They go when the command ends.
 * A run that was killed cannot remove its own: the next one does.
 */
import type { Files, Host } from '../../host/host.js';
import { unmount } from '../../host/linux/fuse-mount.js';
import { OctavoError } from '../../vocabulary/errors.js';

const PARTS = ['model', 'proc'] as const;

/** Makes the stage of this process and removes those of processes that are gone. Returns its path. */
export function makeStage({ files, identity }: Host): string {
  const space = pidSpace(files);
  removeLeftOver(files, identity.stateDirectory, space);
  const stage = `${identity.stateDirectory}/model-${space}-${identity.pid}`;
  for (const part of PARTS) {
    const made = files.makeDirectory(`${stage}/${part}`);
    if (!made.ok) throw new OctavoError('FILE_UNWRITABLE', { path: stage, errno: made.error.errno });
  }
  return stage;
}

/** The mount of /proc is this process's own; it lies over a directory that is to go. */
export function removeStage({ files }: Host, stage: string): void {
  unmount(`${stage}/proc`);
  removeFolders(files, stage);
}

function removeFolders(files: Files, stage: string): void {
  for (const part of PARTS) files.remove(`${stage}/${part}`);
  files.remove(stage);
}

/**
 * Removing a directory takes away what others have mounted on it, so only a directory that is certainly unused goes: its process
 * is gone, and it was one of this pid namespace, whose pids this process can see.
 */
export function removeLeftOver(files: Files, directory: string, space: string): void {
  const listed = files.list(directory);
  for (const name of listed.ok ? listed.value : []) {
    const [, owner, pid] = /^model-(\d+)-(\d+)$/.exec(name) ?? [];
    if (owner === space && !files.status(`/proc/${pid}`).ok) removeFolders(files, `${directory}/${name}`);
  }
}

/** Number of this process's pid namespace. */
export function pidSpace(files: Pick<Files, 'link'>): string {
  const link = files.link('/proc/self/ns/pid');
  return (link.ok && /\d+/.exec(link.value)?.[0]) || '0';
}
