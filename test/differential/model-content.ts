import { emptyLeaf, translate } from '../../src/model/kernel/access/access.js';
import type { Kernel } from '../../src/model/kernel/state/kernel.js';
import type { Mm } from '../../src/model/kernel/state/mm.js';

/** What a resident page holds from now on: a stamp that stands for its bytes. */
export function setContent(kernel: Kernel, mm: Mm, page: number, stamp: number): void {
  const leaf = emptyLeaf();
  if (!translate(kernel, mm, page, leaf)) throw new Error(`page ${page} is not resident`);
  kernel.folios.content[leaf.frame] = stamp;
}
