import { defined } from '../../base/assert.js';
import { perfData } from '../recordings/perf-data.js';
import type { Simulation } from './simulation.js';

/** The perf.data bytes of everything that the simulation's PMU has recorded. */
export function recordingOf(simulation: Simulation): Uint8Array {
  const { machine, processes } = simulation;
  const { geometry } = machine.kernel;
  const pmu = defined(machine.pmu, 'the machine has no PMU');
  return perfData(
    {
      samples: pmu.samples,
      period: pmu.settings.period,
      physical: pmu.settings.physical,
      collisions: pmu.counters.collisions,
      cpus: machine.tlbs.length,
      cpuTitle: machine.cpu.title,
      pageBytes: geometry.pageBytes,
      blockBytes: geometry.blockBytes,
      threads: processes.flatMap(({ task, threads, name }) =>
        Array.from({ length: threads }, (_, index) => ({
          pid: task.pid,
          tid: task.pid + index,
          command: name,
        })),
      ),
      areas: processes.map(({ task, window }) => ({
        pid: task.pid,
        address: window.firstPage * geometry.pageBytes,
        bytes: window.pages * geometry.pageBytes,
        name: '//anon',
      })),
    },
    machine.cpu,
  );
}
