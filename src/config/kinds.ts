/** Kinds of every role: what can be chosen by name, and how what was given for one is checked. */
import type { ActuatorKind } from '../actuators/actuator.js';
import { ACTUATORS } from '../actuators/kinds/catalogue.js';
import { POLICIES } from '../policies/kinds/catalogue.js';
import type { PolicyKind } from '../policies/policy.js';
import { RECORDINGS, SOURCES } from '../sources/kinds/catalogue.js';
import type { RecordingKind, SourceKind } from '../sources/source.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Catalogue, Kind } from '../vocabulary/kind.js';
import { schemaWords } from '../vocabulary/schema-words.js';

/** The catalogues of all roles. */
export interface Kinds {
  readonly policies: Catalogue<PolicyKind>;
  /** Sources chosen by name. */
  readonly sources: Catalogue<SourceKind>;
  /** Sources chosen by giving files. */
  readonly recordings: Catalogue<RecordingKind>;
  /** In order of preference. */
  readonly actuators: Catalogue<ActuatorKind>;
}

/** Octavo's own catalogues. */
export const KINDS: Kinds = {
  policies: POLICIES,
  sources: SOURCES,
  recordings: RECORDINGS,
  actuators: ACTUATORS,
};

/** Parameters as they are given, by name: numbers in the units of programs, or texts as people write them. */
export type Given = Readonly<Record<string, unknown>>;

/** The kind of this name. Throws KIND_UNKNOWN. */
export function kindNamed<Any extends Kind>(role: string, kinds: Catalogue<Any>, name: string): Any {
  if (Object.hasOwn(kinds, name)) return kinds[name];
  throw new OctavoError('KIND_UNKNOWN', { role, name, known: Object.keys(kinds).join(', ') });
}

/** The first parameter that a kind does not have, or with a value that it cannot have. `more` are known as well. */
export function wrongParameter(
  { parameters }: Kind,
  given: Given,
  more: readonly string[] = [],
): { readonly name: string; readonly problem: string } | undefined {
  const found = parameters.safeParse(given, { error: schemaWords });
  if (found.success) return undefined;
  const [issue] = found.error.issues;
  if (issue.code !== 'unrecognized_keys')
    return { name: issue.path.map(String).join('.'), problem: issue.message };
  const known = [...Object.keys(parameters.shape), ...more];
  const problem = `unknown parameter; there are ${known.length === 0 ? 'none' : known.join(', ')}`;
  return { name: issue.keys[0], problem };
}

/** Of all that was given, the parameters of one kind. */
export function ofKind({ parameters }: Kind, given: object): Given {
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(parameters.shape, name)));
}

/** What was given with the fallbacks of the rest, checked. Throws PARAMETER_INVALID. */
export function checkedParameters(kind: Kind, name: string, given: Given): Given {
  const wrong = wrongParameter(kind, given);
  if (wrong === undefined) return kind.parameters.parse(given);
  throw new OctavoError('PARAMETER_INVALID', {
    kind: name,
    parameter: wrong.name,
    problem: wrong.problem,
  });
}

type Plain = number | string | boolean;

/** Parameters as a plan tells them: those that have a value which is no table. */
export function plainParameters(parameters: Given): Readonly<Record<string, Plain>> {
  const plain = Object.entries(parameters).filter(
    (entry): entry is [string, Plain] => entry[1] !== undefined && typeof entry[1] !== 'object',
  );
  return Object.fromEntries(plain);
}
