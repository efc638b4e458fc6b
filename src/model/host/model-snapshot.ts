import { failure, type Result, success } from '../../base/result.js';
import { connect } from '../kernel/boot.js';
import { loadSnapshot, saveSnapshot } from '../kernel/snapshot/snapshot.js';
import { kernelClasses } from '../kernel/snapshot/snapshot-classes.js';
import type { SnapshotClass } from '../kernel/snapshot/snapshot-format.js';
import { Kernel } from '../kernel/state/kernel.js';
import { MemoryFiles } from './model-files.js';

/** A kernel with its ordinary files, as a snapshot holds them. */
export interface SavedModel {
  readonly kernel: Kernel;
  readonly memory: MemoryFiles;
  /** Whatever other parts of the model put beside it (DAMON). */
  readonly extras: Readonly<Record<string, unknown>>;
}

/** A model as bytes. `classes`: those of the extras. */
export function saveModel(
  kernel: Kernel,
  memory: MemoryFiles,
  extras: Readonly<Record<string, unknown>> = {},
  classes: readonly SnapshotClass[] = [],
): Uint8Array {
  return saveSnapshot({ kernel, memory, extras }, [...modelClasses(), ...classes]);
}

/**
 * A model as it was saved, connected and ready to go on: open it with `modelHost(kernel, { memory })`. Answers in a
 * sentence why these bytes cannot be resumed.
 */
export function loadModel(
  bytes: Uint8Array,
  classes: readonly SnapshotClass[] = [],
): Result<SavedModel, string> {
  const loaded = loadSnapshot(bytes, [...modelClasses(), ...classes]);
  if (!loaded.ok) return loaded;
  const { kernel, memory, extras } = loaded.value;
  if (!(kernel instanceof Kernel) || !(memory instanceof MemoryFiles)) return failure('it holds no model');
  connect(kernel);
  return success({ kernel, memory, extras: extras as Record<string, unknown> });
}

function modelClasses(): SnapshotClass[] {
  return [...kernelClasses(), { name: MemoryFiles.name, sample: () => new MemoryFiles() }];
}
