/** Loaded before a program: its wall clock goes as far ahead as a file says, in milliseconds; back, where it is negative. */
import { readFileSync } from 'node:fs';

const path = process.env.OCTAVO_TEST_CLOCK ?? '';
const now = Date.now.bind(Date);
const LOOK_EVERY_MS = 250;
let aheadMs = 0;
let lookedMs = Number.NEGATIVE_INFINITY;

Date.now = () => {
  if (performance.now() - lookedMs > LOOK_EVERY_MS) {
    lookedMs = performance.now();
    try {
      aheadMs = Number(readFileSync(path, 'utf8')) || 0;
    } catch {
      aheadMs = 0;
    }
  }
  return now() + aheadMs;
};
