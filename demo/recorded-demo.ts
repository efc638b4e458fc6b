/**
 * The demonstration without rights: the same commands on a recording of a host where it ran as root. Everything up to
 * acting is computed here and now from what the kernel there had said; what acting did was measured there. A recording
 * cannot be acted on, so the main job is played from beginning to end on the model kernel behind it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Moment, tellMoments } from './before-after.js';
import { PLAN_WORDS } from './live-demo.js';
import { modelDemo } from './model-demo.js';
import type { OctavoCommand } from './octavo-command.js';
import type { Story } from './story.js';

/** measured.json of a recording. */
export interface Measured {
  readonly octavo: 'demo';
  readonly version: 1;
  /** Kernel and CPU of the recorded host, in words. */
  readonly machine: string;
  readonly pid: number;
  readonly pageBytes: number;
  readonly moments: readonly Moment[];
}

export async function recordedDemo(
  story: Story,
  octavo: OctavoCommand,
  recording: string,
  directory: string,
): Promise<boolean> {
  const measured = JSON.parse(readFileSync(join(recording, 'measured.json'), 'utf8')) as Measured;
  const [before, after] = ['before', 'after'].map((name) => ['--host', join(recording, name)]);
  const target = String(measured.pid);
  const plan = join(directory, 'plan.json');
  const codes: number[] = [];
  const show = async (words: readonly string[], head: number, tail: number) =>
    codes.push((await octavo.show(words, head, tail)).code);

  story.line(`What follows works on a recording: ${measured.machine}. Nothing on this machine is looked at.`);
  story.heading('Inspect (recorded before)');
  await show([...before, 'inspect', target, '--mappings', '3'], 20, 0);
  story.heading('Plan (computed now, from the recording)');
  await show([...before, 'plan', target, ...PLAN_WORDS, '--out', plan], 6, 4);
  story.heading('Apply --dry-run: the calls that would be made. A recording cannot be acted on');
  await show([...before, 'apply', plan, '--dry-run'], 4, 1);
  story.heading('Inspect (recorded after `octavo apply` on that machine)');
  await show([...after, 'inspect', target, '--mappings', '3'], 20, 0);
  story.heading(
    'Before and after on the recorded machine (folio orders counted now, the rest as measured there)',
  );
  const moments = await recounted(measured, octavo, [before, after]);
  tellMoments(story, moments, measured.pageBytes);
  const sound = await modelDemo(story);
  return sound && codes.every((code) => code === 0);
}

/** The recorded moments, with the census made anew from the recorded page tables where there are any. */
async function recounted(
  { moments, pid }: Measured,
  octavo: OctavoCommand,
  hosts: readonly (readonly string[])[],
): Promise<readonly Moment[]> {
  const counted: Moment[] = [];
  for (const [index, moment] of moments.entries()) {
    const host = hosts[index];
    counted.push(host ? { ...moment, census: await octavo.census(pid, host) } : moment);
  }
  return counted;
}
