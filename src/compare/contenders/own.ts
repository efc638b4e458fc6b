/** Octavo's own policies as contenders: each of the catalogue that decides by itself. */
import { POLICIES, type PolicyName } from '../../policies/kinds/catalogue.js';
import { BALANCED } from '../../policies/octavo/goal.js';
import { COLLAPSING, type Contender, SPLITTING } from './contender.js';

/** Policies of which the host begins small, since all they do is collapse. */
const COLLAPSERS: ReadonlySet<string> = new Set(['collapse-dense']);
/** How a contender of ours is known. */
export const OWN_SOURCE = 'src/policies of this project';
/** It does what a user names, and decides nothing. */
const NO_CONTENDERS: ReadonlySet<string> = new Set(['named-blocks']);

/** Parameters that are not a policy's own fallbacks: B × S asks for a balance, and no budget of slowdown is one. */
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, string>>>> = { octavo: { goal: BALANCED } };

/** One contender for each policy of Octavo that needs no blocks by name. */
export const OWN: readonly Contender[] = (Object.keys(POLICIES) as PolicyName[])
  .filter((name) => !NO_CONTENDERS.has(name))
  .map((name) => ({
    name,
    brief: POLICIES[name].brief,
    source: OWN_SOURCE,
    simplified: '',
    thp: COLLAPSERS.has(name) ? COLLAPSING : SPLITTING,
    rule: () => ({ kind: POLICIES[name], parameters: PARAMETERS[name] ?? {}, samples: true }),
  }));
