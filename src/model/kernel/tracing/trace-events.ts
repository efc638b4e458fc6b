/** Events that tracefs has, with their switches and record layouts (trace_event classes, their `format` files). */
import type { Bytes } from '../../../vocabulary/units.js';

/** One field of a record as the format file tells it. */
export interface TraceField {
  readonly type: string;
  readonly name: string;
  readonly offset: Bytes;
  readonly size: Bytes;
  readonly signed: boolean;
}

/** An event class with its layout. */
export interface TraceEvent {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  readonly fields: readonly TraceField[];
  /** Text of the line `print fmt:`. */
  readonly print: string;
}

const common = (type: string, name: string, offset: Bytes, size: Bytes, signed = false): TraceField => ({
  type,
  name: `common_${name}`,
  offset,
  size,
  signed,
});

const COMMON: readonly TraceField[] = [
  common('unsigned short', 'type', 0, 2),
  common('unsigned char', 'flags', 2, 1),
  common('unsigned char', 'preempt_count', 3, 1),
  common('int', 'pid', 4, 4, true),
];

/** Bytes of a record, its common part included. */
export function recordBytes({ fields }: TraceEvent): Bytes {
  return fields.reduce((end, { offset, size }) => Math.max(end, offset + size), 8);
}

/** Content of the event's format file. */
export function formatText(event: TraceEvent): string {
  const line = ({ type, name, offset, size, signed }: TraceField) =>
    `\tfield:${type} ${name};\toffset:${offset};\tsize:${size};\tsigned:${signed ? 1 : 0};\n`;
  return [
    `name: ${event.name}\nID: ${event.id}\nformat:\n`,
    ...COMMON.map(line),
    '\n',
    ...event.fields.map(line),
    `\nprint fmt: ${event.print}\n`,
  ].join('');
}

/** Which events are switched on. */
export class TraceSwitches {
  readonly events: readonly TraceEvent[];
  readonly #enabled = new Set<string>();

  constructor(events: readonly TraceEvent[]) {
    this.events = events;
  }

  isOn(name: string): boolean {
    return this.#enabled.has(name);
  }

  set(events: readonly TraceEvent[], on: boolean): void {
    for (const { name } of events) {
      if (on) this.#enabled.add(name);
      else this.#enabled.delete(name);
    }
  }

  of(system: string): readonly TraceEvent[] {
    return this.events.filter((event) => event.system === system);
  }

  /** What the enable file of several events shows: 0, 1, or X where they differ. */
  state(events: readonly TraceEvent[]): '0' | '1' | 'X' {
    const on = events.filter(({ name }) => this.isOn(name)).length;
    if (on === 0) return '0';
    return on === events.length ? '1' : 'X';
  }

  /** Events that `set_event` means: `*:*`, `system:*`, `system:event`, `system:`, or an event's name alone. */
  matching(pattern: string): readonly TraceEvent[] {
    const [first, second] = pattern.split(':');
    const fits = (word: string | undefined, name: string) =>
      word === undefined || word === '' || word === '*' || word === name;
    return this.events.filter(({ system, name }) =>
      second === undefined
        ? fits(first, name) || first === system
        : fits(first, system) && fits(second, name),
    );
  }
}
