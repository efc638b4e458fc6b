/** What the writer and the reader of snapshots agree on: version, header, and how classes are named. */

/** Goes up whenever a snapshot means something else than before. The shapes of classes are compared besides. */
export const SNAPSHOT_VERSION = 1;
/** Value of `octavo` in the header. */
export const SNAPSHOT_KIND = 'model-snapshot';

/** Names of a class and of its fields, as a sample object has them; fields must not appear later. */
export interface SnapshotClass {
  readonly name: string;
  /** An object of the class, freshly made: gives the prototype and the list of fields. */
  sample(): object;
  /**
   * Makes the object that is to be filled, for classes with private state that only their constructor can make.
   * The sample's prototype is enough for all others.
   */
  make?(): object;
}

/** The first line of a snapshot. */
export interface SnapshotHeader {
  readonly octavo: typeof SNAPSHOT_KIND;
  readonly version: number;
  /** Field names by class. */
  readonly shapes: Readonly<Record<string, string>>;
  readonly objects: number;
  /** Bytes of the lines of JSON that follow the header. */
  readonly bytes: number;
}

/** The fields of a class in one line, to notice that they are not those of the program that saved. */
export function shapeOf(known: SnapshotClass): string {
  return Object.keys(known.sample()).sort().join(' ');
}
