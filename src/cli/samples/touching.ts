/** Counts which instructions touch what, in a file of its own: few imports ask for it. */
import type { PerfSession } from '../../formats/perf-data/session.js';
import type { Files } from '../../host/host.js';
import { JitNames } from '../../sources/jit-names.js';
import { ProgramFiles } from '../../sources/program-files.js';
import { TouchedPlaces } from '../../sources/touched-places.js';
import type { Milliseconds, PageGeometry } from '../../vocabulary/units.js';
import type { TouchOptions } from './importing.js';
import { type PlaceName, pagesOf } from './touched-view.js';

/** `root` is the directory that holds the recorded machine's files; empty for those of this one. */
export function touching(by: PlaceName, files: Files, root: string, geometry: PageGeometry): TouchOptions {
  const { pageBytes } = geometry;
  return {
    by,
    placesOf: (session: PerfSession, recordedMs: () => Milliseconds | undefined) => {
      const { state } = session;
      const buildIdOf = (path: string) => state.buildIds.get(path) ?? state.features.buildIds?.get(path);
      const programs = new ProgramFiles(files, pageBytes, { root, buildIdOf, recordedMs });
      const jit = new JitNames(files, state.mappings, root);
      return new TouchedPlaces(session, programs, pageBytes, pagesOf(by, geometry), jit);
    },
  };
}
