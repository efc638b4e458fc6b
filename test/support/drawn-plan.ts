/** A plan with so many steps, of which a test looks at a few keys only. */
import type { Plan } from '../../src/vocabulary/plan.js';

export function drawnPlan(steps: number): Plan {
  const process = { pid: 100, startTicks: 5000, command: 'x', cgroup: '/' };
  const step = (id: number) => ({ id, proposal: { process, block: 10 + id }, before: { block: 10 + id } });
  return {
    processes: [process],
    steps: Array.from({ length: steps }, (_, at) => step(at + 1)),
  } as unknown as Plan;
}
