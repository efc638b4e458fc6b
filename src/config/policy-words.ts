/** Policies and their parameters as scenarios name them. */
import { POLICIES, type PolicyName } from '../policies/catalogue.js';
import type { PolicyParameters } from '../policies/policy.js';

export const POLICY_NAMES = Object.keys(POLICIES) as PolicyName[];

export function isPolicyName(name: string): name is PolicyName {
  return Object.hasOwn(POLICIES, name);
}

type Setting = keyof Pick<
  PolicyParameters,
  'sparseBelow' | 'denseAbove' | 'emptyAbove' | 'order' | 'collapseByResidency'
>;

const isShare = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1;

/** What each parameter may be, in words and as a test. The others of PolicyParameters are not for users. */
const SETTINGS: Readonly<Record<Setting, readonly [says: string, accepts: (value: unknown) => boolean]>> = {
  sparseBelow: ['a share from 0 to 1', isShare],
  denseAbove: ['a share from 0 to 1', isShare],
  emptyAbove: ['a share from 0 to 1', isShare],
  order: [
    'an order from 0 to 8',
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 8,
  ],
  collapseByResidency: ['true or false', (value) => typeof value === 'boolean'],
};

/** The first parameter that no policy has, or with a value that it cannot have. */
export function wrongParameter(
  parameters: Readonly<Record<string, unknown>>,
): { readonly name: string; readonly problem: string } | undefined {
  for (const [name, value] of Object.entries(parameters)) {
    if (!Object.hasOwn(SETTINGS, name))
      return { name, problem: `unknown parameter; there are ${Object.keys(SETTINGS).join(', ')}` };
    const [says, accepts] = SETTINGS[name as Setting];
    if (!accepts(value)) return { name, problem: `must be ${says}` };
  }
  return undefined;
}
