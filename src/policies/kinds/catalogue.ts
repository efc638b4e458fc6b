import { chain } from '../chain.js';
import { BY_RESIDENCY, collapseDense } from '../collapse-dense.js';
import { namedBlocks } from '../named-blocks.js';
import { octavo } from '../octavo/octavo.js';
import type { PolicyKind } from '../policy.js';
import { returnEmpty } from '../return-empty.js';
import { splitSparse } from '../split-sparse.js';

const LINKS = {
  'return-empty': returnEmpty,
  'split-sparse': splitSparse,
  'collapse-dense': collapseDense,
} as const;

/** Every kind of policy, by the name that users give. */
export const POLICIES = {
  ...LINKS,
  'named-blocks': namedBlocks,
  octavo,
  chain: chain('chain', LINKS, { collapseByResidency: BY_RESIDENCY.default(false) }),
} as const satisfies Record<string, PolicyKind>;

/** Name of a policy in options, plans and the configuration. */
export type PolicyName = keyof typeof POLICIES;
