/** The board of a comparison: policies side by side. */
import type { Comparison } from '../../compare/comparison.js';
import type { Compare } from '../../dashboard/wire/compare.js';
import type { OctavoContext } from '../context.js';
import { comparisonStory } from '../reports/comparison-story.js';
import { madeBy } from '../reports/made-by.js';
import { storyDocument } from '../reports/story-document.js';
import { StillBoard } from './still-board.js';

/** The board of a comparison that was read from a document. */
export function comparisonBoard(context: OctavoContext, comparison: Comparison, name: string): StillBoard {
  const facts = [['made of', name] as const, ...madeBy(context)];
  return new StillBoard({
    ...{ kind: 'comparison', name, clock: 'none', atMs: null, targets: [], notes: comparison.notes, facts },
    story: storyDocument(comparisonStory(comparison, facts)),
    compare: compareOf(comparison),
  });
}

type ToldCompare = Omit<Compare, 'octavo' | 'version' | 'revision'>;
type Estimate = ToldCompare['groups'][number]['product'];

/** What is shown of it, field by field: a document may have more. */
function compareOf({ policies, groups, standings, published, cells, notes }: Comparison): ToldCompare {
  return {
    policies: policies.map(({ name, brief, source, simplified }) => ({ name, brief, source, simplified })),
    groups: groups.map(({ workload, cpu, pressure, policy, ...rest }) => ({
      ...{ workload, cpu, pressure, policy },
      ...{ bloatRemoved: estimate(rest.bloatRemoved), speedKept: estimate(rest.speedKept) },
      ...{ product: estimate(rest.product), shareOfBound: estimate(rest.shareOfBound) },
      slowdown: estimate(rest.slowdown),
    })),
    standings: standings.map(({ policy, places, product, shareOfBound, bloatRemoved, speedKept, harm }) => ({
      ...{ policy, places, product: estimate(product), shareOfBound: estimate(shareOfBound) },
      ...{ bloatRemoved, speedKept, slowdown: harm.slowdown, actedShare: harm.actedShare },
    })),
    published: published.map(({ label, bloatRemoved, speedKept, source }) => ({
      ...{ label, bloatRemoved, speedKept, source },
    })),
    unable: cells.flatMap(({ workload, cpu, pressure, policy, seed, unable }) =>
      unable == null ? [] : [{ workload, cpu, pressure, policy, why: unable, seed }],
    ),
    notes: [...notes],
  };
}

function estimate(found: Estimate | undefined): Estimate {
  if (found == null) return null;
  const { value, low, high } = found;
  return { value, low, high };
}
