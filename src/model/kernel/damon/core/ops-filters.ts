/** Filters of the ops layer, decided folio by folio (mm/damon/ops-common.c damos_folio_filter_match()). */
import type { Filter, Scheme } from './context.js';
import type { FolioFacts } from './monitored-memory.js';

/** Asks whether a folio was accessed since it was last asked, and forgets it. */
export type TakeYoung = (folio: FolioFacts) => boolean;

/** Whether the folio is rejected: first matching filter, else the default. A core allow passes everything. */
export function isFolioRejected(
  scheme: Scheme,
  folio: FolioFacts,
  pageBytes: number,
  takeYoung: TakeYoung,
  filters: readonly Filter[] = scheme.parameters.opsFilters,
): boolean {
  if (scheme.coreAllowed) return false;
  for (const filter of filters) {
    if (hasProperty(filter, folio, pageBytes, takeYoung) === filter.matching) return !filter.allow;
  }
  return scheme.opsRejectsByDefault;
}

function hasProperty(filter: Filter, folio: FolioFacts, pageBytes: number, takeYoung: TakeYoung): boolean {
  const bytes = folio.pages * pageBytes;
  switch (filter.type) {
    case 'anon':
      return folio.anonymous;
    case 'active':
      return folio.active;
    case 'memcg':
      return folio.memcg !== 0 && folio.memcg === filter.memcg;
    case 'young':
      return takeYoung(folio);
    case 'hugepage_size':
      return filter.least <= bytes && bytes <= filter.most;
    case 'unmapped':
      return !folio.mapped;
    default:
      return false;
  }
}
