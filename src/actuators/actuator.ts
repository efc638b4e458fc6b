import type * as z from 'zod';
import type { Host, ProcessHandle } from '../host/host.js';
import type { Kind } from '../vocabulary/kind.js';
import type { Budgets, Receipt, Step } from '../vocabulary/plan.js';
import type { Order } from '../vocabulary/units.js';

/** One thing an actuator can do on this host, asked of the kernel and never guessed from its version. */
export interface Ability {
  readonly action: 'split' | 'collapse';
  /** Target orders it can reach. */
  readonly orders: readonly Order[];
  /** Empty when available; otherwise what is missing and what would provide it. */
  readonly missing: string;
}

/** What an actuator acts through during one turn. */
export interface ActingContext {
  readonly host: Host;
  /** Opened and checked against pid reuse; all steps of a call are for this process. */
  readonly target: ProcessHandle;
}

/**
 * Carries out steps. A refusal by the kernel is a receipt, never an exception; one receipt for each step, in the
 * order of the steps.
 */
export interface Actuator {
  readonly name: string;
  readonly abilities: readonly Ability[];
  /** Whether a split leaves no page referenced, so that khugepaged finds nothing to collapse until one is touched. */
  readonly clearsReferences: boolean;
  /** Kinds of memory it cannot act on, and why. */
  readonly defeatedBy: Readonly<Partial<Record<'mlocked' | 'shared', string>>>;
  /** Steps that may go into one call: 1 when every step is a call of its own. */
  readonly batch: number;
  /** Whether it spreads the steps of a call over time by itself; otherwise the caller gives it one burst at a time. */
  readonly pacesItself: boolean;
  apply(steps: readonly Step[], context: ActingContext): Promise<readonly Receipt[]>;
  /** The exact calls and writes that `apply` would make for these steps, one line each. */
  describe(steps: readonly Step[], pid: number): readonly string[];
}

/** What an actuator is made for, beside its own parameters. */
export interface ActuatorSetting {
  readonly host: Host;
  /** Ask a kernel without type information what its DAMON can do, by a scratch slot: only where one is about to act. */
  readonly askDamon?: boolean;
  /** Bounds for an actuator that paces itself. */
  readonly budgets?: Budgets;
}

/**
 * A kind of actuator: what it is, its own parameters, and how one is made. One file each, and one line in the catalogue;
 * `parameters` is a zod object of fields from vocabulary/kind.ts.
 */
export interface ActuatorKind<Parameters extends z.ZodObject = z.ZodObject> extends Kind<Parameters> {
  make(parameters: z.output<Parameters>, setting: ActuatorSetting): Actuator;
}

/** Infers the type of the parameters that `make` is given. */
export function actuatorKind<Parameters extends z.ZodObject>(
  kind: ActuatorKind<Parameters>,
): ActuatorKind<Parameters> {
  return kind;
}
