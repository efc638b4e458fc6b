import type { Host } from '../../src/host/host.js';
import { must } from './measure.js';

const THP = '/sys/kernel/mm/transparent_hugepage';

export const THP_FILES = {
  enabled: `${THP}/enabled`,
  shmem: `${THP}/shmem_enabled`,
  scanSleep: `${THP}/khugepaged/scan_sleep_millisecs`,
  pagesToScan: `${THP}/khugepaged/pages_to_scan`,
} as const;

/** Runs something under other THP settings and puts back what was there. */
export async function withThp<Value>(
  host: Host,
  settings: Partial<Record<keyof typeof THP_FILES, string>>,
  run: () => Promise<Value>,
): Promise<Value> {
  const before = Object.keys(settings).map((name) => {
    const path = THP_FILES[name as keyof typeof THP_FILES];
    return { path, text: chosen(must(host.files.readText(path))) };
  });
  for (const [name, text] of Object.entries(settings)) {
    must(host.files.writeKernelFile(THP_FILES[name as keyof typeof THP_FILES], text));
  }
  try {
    return await run();
  } finally {
    for (const { path, text } of before) must(host.files.writeKernelFile(path, text));
  }
}

/** `always [madvise] never` is a choice; a plain number is itself. */
function chosen(text: string): string {
  return /\[(\S+)\]/.exec(text)?.[1] ?? text.trim();
}

/** khugepaged out of the way: it sleeps for longer than any scenario runs. */
export const QUIET = { scanSleep: '600000' } as const;
