import { NO_PARAMETERS } from '../../vocabulary/kind.js';
import { SmapsSource } from '../smaps.js';
import { sourceKind } from '../source.js';

/** The kind of source behind `--source smaps`. */
export const smaps = sourceKind({
  brief: 'where huge pages are, without any heat',
  parameters: NO_PARAMETERS,
  make: (_, { host }) => [new SmapsSource(host.identity.geometry)],
});
