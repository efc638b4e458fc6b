import type { Advice } from '../host/host.js';
import type { PageRange } from '../vocabulary/units.js';
import type { ActingContext } from './actuator.js';

/**
 * One advice over many ranges, to the end: process_madvise stops at the first range it refuses, so that range gets
 * its errno by a call of its own and the rest goes on. One answer for each range: `ok` or an errno name.
 */
export async function adviseEach(
  context: ActingContext,
  ranges: readonly PageRange[],
  advice: Advice,
): Promise<readonly string[]> {
  const answers: string[] = [];
  while (answers.length < ranges.length) {
    const rest = ranges.slice(answers.length);
    const done = await context.host.calls.processMadvise(context.target, rest, advice);
    const whole = done.ok ? rangesWithin(rest, done.value / context.host.identity.geometry.pageBytes) : 0;
    answers.push(...Array<string>(whole).fill('ok'));
    if (whole === rest.length) break;
    answers.push(whole === 0 && !done.ok ? done.error.errno : await refusalOf(context, rest[whole], advice));
    if (answers.at(-1) === 'ESRCH')
      answers.push(...Array<string>(ranges.length - answers.length).fill('ESRCH'));
  }
  return answers;
}

async function refusalOf(context: ActingContext, range: PageRange, advice: Advice): Promise<string> {
  const alone = await context.host.calls.processMadvise(context.target, [range], advice);
  return alone.ok ? 'ok' : alone.error.errno;
}

/** How many whole ranges, from the first on, make up `pages`. */
function rangesWithin(ranges: readonly PageRange[], pages: number): number {
  let left = pages;
  let whole = 0;
  for (const { start, end } of ranges) {
    left -= end - start;
    if (left < 0) break;
    whole++;
  }
  return whole;
}
