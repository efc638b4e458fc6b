/** Throws when `condition` is false. For bugs only: bad input is an OctavoError, a kernel's refusal is a value. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** The value of what is there by the code's own rules. For bugs only, as assert(). */
export function defined<Value>(value: Value | undefined, message: string): Value {
  if (value === undefined) throw new Error(`assertion failed: ${message}`);
  return value;
}

/** Marks a branch that the type system proves unreachable. */
export function unreachable(value: never): never {
  throw new Error(`assertion failed: unexpected value ${String(value)}`);
}
