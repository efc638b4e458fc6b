import { octavoInParts } from '../../policies/octavo/octavo.js';
import { ablationsOf } from './ablations.js';
import { always } from './always.js';
import type { Contender } from './contender.js';
import { damonEthp } from './damon-ethp.js';
import { damosGoal } from './damos-goal.js';
import { hawkeye } from './hawkeye.js';
import { ingens } from './ingens.js';
import { khugepaged } from './khugepaged.js';
import { khugepagedMthp } from './khugepaged-mthp.js';
import { memtis } from './memtis.js';
import { never } from './never.js';
import { OWN } from './own.js';
import { pcc } from './pcc.js';
import { psiGate } from './psi-gate.js';
import { random } from './random.js';
import { rfc } from './rfc.js';
import { thermostat } from './thermostat.js';
import { underusedShrinker } from './underused-shrinker.js';

/** The two rulers between which all others are measured; every comparison runs them. */
export const RULERS: readonly Contender[] = [never, always];

/** Every contender: the rulers, the kernel's own, rivals, Octavo's. */
export const CONTENDERS: readonly Contender[] = [
  ...RULERS,
  khugepaged,
  khugepagedMthp,
  underusedShrinker,
  damonEthp,
  damosGoal,
  rfc,
  memtis,
  ingens,
  hawkeye,
  thermostat,
  pcc,
  psiGate,
  random,
  ...OWN,
];

/** Names that `octavo compare --policies` takes. */
export const CONTENDER_NAMES: readonly string[] = CONTENDERS.map(({ name }) => name);

/** Links of `chain`, which has them all: run where they are asked for. */
const LINKS: ReadonlySet<string> = new Set(['return-empty', 'split-sparse', 'collapse-dense']);

/** Who takes part unless others are named. */
export const DEFAULT_NAMES: readonly string[] = CONTENDER_NAMES.filter((name) => !LINKS.has(name));

/** The policy whose parts are switched off one by one, and what is left each time; run where they are asked for. */
export const ABLATED = 'octavo';
/** The policy `octavo` with one part left out each, to see what the part is worth. */
export const ABLATIONS: readonly Contender[] = OWN.filter(({ name }) => name === ABLATED).flatMap((own) =>
  ablationsOf(own, octavoInParts),
);

/** Returns the contender or ablation of a name; undefined where there is none. */
export const contenderOf = (name: string): Contender | undefined =>
  [...CONTENDERS, ...ABLATIONS].find((contender) => contender.name === name);
