/** Quota goals: what they measure, their score, and the two tuners (mm/damon/core.c damos_quota_score()). */
import { movingAccesses, nextInput, scaled, UNLIMITED } from './attributes.js';
import type { Context, Goal, Scheme } from './context.js';
import type { MonitoredMemory } from './monitored-memory.js';
import { matchesPattern } from './pattern.js';
import { eachFolioOf } from './physical-walk.js';

const SCALE = 10_000;

/** New effective quota in ten-thousandths of a byte, from how far the goals are reached. */
export function tunedQuotaBp(context: Context, scheme: Scheme, memory: MonitoredMemory): number {
  const score = highestScore(context, scheme, memory);
  const { tuner, bytes } = scheme.quota.parameters;
  if (tuner === 'consist') return nextInput(Math.max(scheme.quota.tunedBp, SCALE), score);
  if (score >= SCALE) return 0;
  return bytes > 0 && bytes <= UNLIMITED / SCALE ? bytes * SCALE : UNLIMITED;
}

/** The highest score makes the scheme least aggressive. */
function highestScore(context: Context, scheme: Scheme, memory: MonitoredMemory): number {
  let highest = 0;
  for (const goal of scheme.quota.goals) {
    measure(context, scheme, goal, memory);
    highest = Math.max(highest, scaled(goal.current, SCALE, goal.target));
  }
  return highest;
}

function measure(context: Context, scheme: Scheme, goal: Goal, memory: MonitoredMemory): void {
  switch (goal.metric) {
    case 'user_input':
      return;
    case 'some_mem_psi_us':
      measurePressure(context, scheme, goal, memory);
      return;
    case 'node_mem_used_bp':
    case 'node_mem_free_bp':
      goal.current = nodeShare(goal, memory);
      return;
    case 'node_memcg_used_bp':
    case 'node_memcg_free_bp':
      goal.current = memcgShare(goal, memory);
      return;
    case 'active_mem_bp':
    case 'inactive_mem_bp':
      goal.current = lruShare(goal, memory);
      return;
    case 'node_eligible_mem_bp':
      goal.current = eligibleShare(context, scheme, goal, memory);
      return;
    case 'hugepage_mem_bp':
      goal.current = hugeShare(memory);
  }
}

/**
 * Increase since the last evaluation. The first one has no effect: a score of 10 000 for `consist`, and for
 * `temporal` whatever the last round came to.
 */
function measurePressure(context: Context, scheme: Scheme, goal: Goal, memory: MonitoredMemory): void {
  const last = goal.lastPressureUs ?? (context.behaviour.lateQuotas ? 0 : undefined);
  const now = memory.metrics.somePressureUs();
  goal.lastPressureUs = now;
  if (last !== undefined) goal.current = now - last;
  else if (scheme.quota.parameters.tuner === 'consist' || scheme.quota.effective === 0) {
    goal.current = goal.target;
  } else goal.current = 0;
}

/** A node that is not there reads as unused. */
function nodeShare(goal: Goal, memory: MonitoredMemory): number {
  const used = goal.metric === 'node_mem_used_bp';
  const node = memory.metrics.node(goal.node);
  if (node === undefined) return used ? 0 : SCALE;
  const pages = used ? node.total - node.free : node.free;
  return Math.floor((pages * SCALE) / Math.max(1, node.total));
}

function memcgShare(goal: Goal, memory: MonitoredMemory): number {
  const used = goal.metric === 'node_memcg_used_bp';
  const node = memory.metrics.node(goal.node);
  if (node === undefined) return used ? 0 : SCALE;
  const pages = memory.metrics.memcgPages(goal.memcg, goal.node);
  const counted = used ? pages : node.total - pages;
  return Math.floor((counted * SCALE) / Math.max(1, node.total));
}

function lruShare(goal: Goal, memory: MonitoredMemory): number {
  const { active, inactive } = memory.metrics.lruPages();
  const share = goal.metric === 'active_mem_bp' ? active : inactive;
  return Math.floor((share * SCALE) / Math.max(1, active + inactive));
}

/** Huge pages of all memory (damos_get_hugepage_mem_bp() of the series by A. Gutierrez). */
function hugeShare({ metrics }: MonitoredMemory): number {
  return Math.floor((metrics.hugePages() * SCALE) / Math.max(1, metrics.totalPages()));
}

/** Share of the bytes of fitting regions that lie on the node; physical address space only. */
function eligibleShare(context: Context, scheme: Scheme, goal: Goal, memory: MonitoredMemory): number {
  if (context.operations !== 'paddr' || memory.metrics.node(goal.node) === undefined) return 0;
  let eligible = 0;
  let onNode = 0;
  for (const { regions } of context.targets) {
    for (let index = 0; index < regions.count; index++) {
      const accesses = movingAccesses(context, regions, index);
      if (!matchesPattern(scheme.parameters.pattern, regions, index, accesses)) continue;
      eachFolioOf(context, memory, regions, index, (folio, bytes) => {
        eligible += bytes;
        if (folio.node === goal.node) onNode += bytes;
      });
    }
  }
  return eligible === 0 ? 0 : Math.floor((onNode * SCALE) / eligible);
}
