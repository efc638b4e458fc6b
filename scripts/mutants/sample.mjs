// A seeded sample of mutants: the same seed and the same build give the same ones.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { mutantsOf } from './operators.mjs';

/** Rooms whose mutants have to be caught at 95 of 100; elsewhere at 85. */
export const STRICT_ROOMS = [
  'cycle',
  'planning',
  'policies',
  'config',
  'actuators',
  'verification',
  'sources',
  'kernel-rules',
  'hotness',
  'damon',
];

export const wantedRate = (room) => (STRICT_ROOMS.includes(room) ? 0.95 : 0.85);

/** Every mutant of the build, with an id that lasts as long as the file does not change. */
export function allMutants(root, isWanted) {
  const source = join(root, 'dist/src');
  return compiledFiles(source).flatMap((path) => {
    const file = relative(root, path);
    const room = relative(source, path).split('/').slice(0, -1)[0] ?? 'main';
    if (!isWanted(room, file)) return [];
    const text = readFileSync(path, 'utf8');
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
    return mutantsOf(text).map((mutant) => ({
      ...mutant,
      file,
      room,
      line: text.slice(0, mutant.start).split('\n').length,
      was: text.slice(mutant.start, mutant.end),
      id: `${digest}:${mutant.start}:${mutant.end}:${mutant.operator}`,
      // Survives edits elsewhere in the file: what stands on the line, and what becomes of it.
      key: keyOf(file, text, mutant),
    }));
  });
}

function keyOf(file, text, { start, end, operator, replacement }) {
  const from = text.lastIndexOf('\n', start) + 1;
  const to = text.indexOf('\n', end);
  const line = text.slice(from, to < 0 ? text.length : to).trim();
  const mark = createHash('sha256')
    .update(`${line}\0${start - from}\0${replacement}`)
    .digest('hex')
    .slice(0, 10);
  return `${file.replace('dist/src/', '')}:${operator}:${mark}`;
}

/** Of each room `perRoom` mutants, spread over the operators by turns. */
export function sample(mutants, perRoom, seed) {
  const rank = (mutant) => createHash('sha256').update(`${seed}:${mutant.file}:${mutant.key}`).digest('hex');
  const rooms = grouped(mutants, ({ room }) => room);
  return [...rooms]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, ofRoom]) => {
      const queues = [...grouped(ofRoom, ({ operator }) => operator).values()].map((queue) =>
        queue
          .map((mutant) => [rank(mutant), mutant])
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([, mutant]) => mutant),
      );
      const chosen = [];
      while (chosen.length < perRoom && queues.some((queue) => queue.length > 0))
        for (const queue of queues)
          if (queue.length > 0 && chosen.length < perRoom) chosen.push(queue.shift());
      return chosen;
    });
}

export function grouped(list, keyOfOne) {
  const groups = new Map();
  for (const one of list) {
    const key = keyOfOne(one);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(one);
  }
  return groups;
}

function compiledFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js') && !entry.name.endsWith('.test.js'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
