import { chain } from './chain.js';
import { collapseDense } from './collapse-dense.js';
import { namedBlocks } from './named-blocks.js';
import type { Policy } from './policy.js';
import { returnEmpty } from './return-empty.js';
import { splitSparse } from './split-sparse.js';

/** Every policy, by the name that users give. */
export const POLICIES = {
  'return-empty': returnEmpty,
  'split-sparse': splitSparse,
  'collapse-dense': collapseDense,
  'named-blocks': namedBlocks,
  chain: chain('chain', [returnEmpty, splitSparse, collapseDense]),
} as const satisfies Record<string, Policy>;

export type PolicyName = keyof typeof POLICIES;
