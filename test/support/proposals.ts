/** Policies asked in tests: by name, with their own parameters and what all are told in one object. */
import { POLICIES, type PolicyName } from '../../src/policies/kinds/catalogue.js';
import {
  DEFAULT_PARAMETERS,
  type PolicyInput,
  type PolicyOutput,
  type PolicyParameters,
  policyOf,
} from '../../src/policies/policy.js';

/** Parameters of a kind by name, beside what all policies are told. */
export type GivenToPolicy = Partial<PolicyParameters> & Readonly<Record<string, unknown>>;

export function proposalsOf(
  name: PolicyName,
  input: Pick<PolicyInput, 'sizes' | 'heat'>,
  given: GivenToPolicy = {},
): PolicyOutput {
  const isCommon = ([key]: readonly [string, unknown]) => key in DEFAULT_PARAMETERS;
  const entries = Object.entries(given);
  const own = Object.fromEntries(entries.filter((entry) => !isCommon(entry)));
  const common: Partial<PolicyParameters> = Object.fromEntries(entries.filter(isCommon));
  return policyOf(POLICIES[name], own).propose({
    ...input,
    parameters: { ...DEFAULT_PARAMETERS, ...common },
  });
}
