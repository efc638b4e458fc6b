import { explainPage } from '../../verification/explained-block.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { addressToPage } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { showExplained } from '../print/explained.js';

/** Says why the block at an address is or is not huge, and what could change it. */
export function explain(
  context: OctavoContext,
  processes: readonly ProcessIdentity[],
  target: string,
  address: string,
  json: boolean,
): void {
  const { host } = context;
  const { geometry } = host.identity;
  if (processes.length !== 1)
    throw new OctavoError('TARGET_AMBIGUOUS', { option: '--explain', target, count: processes.length });
  const page = addressToPage(address, geometry);
  if (page === undefined) throw new OctavoError('ADDRESS_SYNTAX', { address });
  const explained = explainPage(host, processes[0].pid, page);
  if (json) context.printJson({ octavo: 'explanation', version: 1, address, ...explained });
  else context.print(showExplained(explained, geometry).join('\n'));
}
