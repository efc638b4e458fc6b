/** Time below a map whose columns are slices: how long after the beginning each of them begins. */
import { showDuration, showInstant } from '../../vocabulary/show.js';
import { line, type Shape, text } from '../drawing/drawing.js';
import { textWidth } from '../drawing/glyphs.js';
import type { HeatCourse } from '../heat/course.js';
import { timeTicks } from './axis.js';

interface Place {
  readonly left: number;
  readonly width: number;
  readonly bottom: number;
}

const SIZE = 11;

/** `+12 s`, or what is known instead. */
export function columnName({ columns, originMs }: HeatCourse, at: number): string {
  const { fromMs } = columns[at];
  if (fromMs === undefined) return columns.length === 1 ? 'whole recording' : 'time not known';
  const after = fromMs - originMs;
  return after > 0 && after < 120_000 ? `+${Number((after / 1000).toFixed(3))} s` : `+${showDuration(after)}`;
}

/** Returns ticks and labels below the columns, as many as fit. */
export function timeAxis(course: HeatCourse, { left, width, bottom }: Place): readonly Shape[] {
  const { columns } = course;
  const shapes: Shape[] = [line([left, bottom + 5, left + width, bottom + 5], 'axis')];
  let free = Number.NEGATIVE_INFINITY;
  for (const [at] of columns.entries()) {
    const x = left + (at * width) / columns.length;
    const words = columnName(course, at);
    const isRoom = x >= free && isRound(columns, at);
    shapes.push(line([x, bottom + 5, x, bottom + (isRoom ? 10 : 8)], 'axis'));
    if (!isRoom) continue;
    shapes.push(text(x, bottom + 22, words, { size: SIZE }));
    free = x + textWidth(words, SIZE) + 16;
  }
  const words = clockWords(course);
  if (words !== '') shapes.push(text(left, bottom + 38, words, { size: SIZE }));
  return shapes;
}

/** Whether a label stands at a column: where slices follow each other, at steps that clocks have. */
function isRound(columns: HeatCourse['columns'], at: number): boolean {
  const [from, to, here] = [firstMs(columns), columns.at(-1)?.fromMs, columns[at].fromMs];
  if (here === undefined || to === undefined || at === 0 || columns.length <= 10) return true;
  const width = (to - from) / (columns.length - 1);
  const ticks = timeTicks(0, to - from, 10);
  return ticks.some((tick) => Math.abs(here - from - tick) < width / 2 - 1e-6);
}

function clockWords({ clock, columns, originMs }: HeatCourse): string {
  if (columns.every(({ fromMs }) => fromMs === undefined)) return '';
  if (clock === 'wall') return `time since ${showInstant(originMs)}`;
  return clock === 'run' ? 'virtual time' : 'time since the first slice, by the clock of the recording';
}

function firstMs(columns: HeatCourse['columns']): number {
  return columns.find(({ fromMs }) => fromMs !== undefined)?.fromMs ?? 0;
}
