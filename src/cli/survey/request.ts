/** What a survey asks a policy: about every process, without acting. */
import { chosenPolicy, type TurnRequest } from '../../config/assemble.js';
import { KINDS } from '../../config/kinds.js';
import { POLICIES, type PolicyName } from '../../policies/kinds/catalogue.js';
import { givenParameters } from '../kind-flags.js';

/** Blocks cannot be named for all processes. */
const { 'named-blocks': _, ...WITHOUT_NAMED } = POLICIES;
/** Policies that can be asked about a whole host: all but those that need blocks by name. */
export const SURVEY_POLICIES = WITHOUT_NAMED;
/** Name of a policy that a survey can ask. */
export type SurveyPolicy = Exclude<PolicyName, 'named-blocks'>;
/** The recordings that a survey takes: heat files only, since reading samples would exceed its time. */
export const SURVEY_HEAT = { 'heat-file': KINDS.recordings['heat-file'] };

/** Parsed value of `--policy`. */
export interface PolicyFlags {
  readonly policy?: SurveyPolicy;
}

/** From options that kinds declare, and the policy's name. */
export function requestOf(flags: PolicyFlags): TurnRequest {
  const policy = chosenPolicy({ policy: flags.policy, split: [], collapse: [] });
  const files = (flags as { readonly heat?: readonly string[] }).heat ?? [];
  const [parameters, heat] = givenParameters(flags, [
    { role: 'policy', kinds: SURVEY_POLICIES, chosen: [policy] },
    { role: 'source', kinds: SURVEY_HEAT, chosen: files.length > 0 ? ['heat-file'] : [] },
  ]);
  return {
    target: 'all',
    scope: {},
    policy,
    parameters,
    sources: [],
    sourceParameters: heat,
    actuators: [],
    split: [],
    collapse: [],
    budgets: {},
  };
}
