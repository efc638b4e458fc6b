// The Grafana board, monitoring/octavo-board.json, panel by panel: `node scripts/check-docs.mjs --write` writes it.
const DATA = { type: 'prometheus', uid: '$datasource' };
const WIDTH = 24;
const CHOSEN = 'instance=~"$instance", target=~"$target"';
const ofTargets = (name) => `octavo_target_${name}{${CHOSEN}}`;
const increase = (name) => `increase(octavo_target_${name}{${CHOSEN}}[$__rate_interval])`;
const ofAgent = (name) => `octavo_agent_${name}{instance=~"$instance"}`;

/** Panels of a row, side by side from left to right; each is of the given kind and width. */
const ROWS = [
  {
    title: 'At a glance',
    height: 4,
    panels: [
      stat(
        'Huge memory',
        'bytes',
        `sum(${ofTargets('huge_bytes')})`,
        'Mapped by huge pages, all chosen targets.',
      ),
      stat(
        'Empty in it',
        'bytes',
        `sum(${ofTargets('empty_in_huge_bytes')})`,
        'Zero-filled sub-pages inside huge pages.',
      ),
      stat(
        'Still returned',
        'bytes',
        `sum(${ofTargets('still_returned_bytes')})`,
        'Returned by splits and not in use again.',
      ),
      stat(
        'Verdicts met, 1 h',
        'percentunit',
        `sum(increase(octavo_target_verdicts_met_total{${CHOSEN}}[1h])) / (sum(increase(octavo_target_verdicts_total{${CHOSEN}}[1h])) > 0)`,
        'Share of the steps of the last hour whose page sizes are as wanted.',
      ),
      stat(
        'Targets held back',
        'none',
        `sum(octavo_target_state{${CHOSEN}, state=~"backing-off|stopped"})`,
        'Kept from acting by a guard.',
      ),
      stat(
        'CPU of the agent',
        'percentunit',
        `max(rate(octavo_agent_cpu_seconds_total{instance=~"$instance"}[$__rate_interval]))`,
        'Share of a core; the busiest agent.',
      ),
    ],
  },
  {
    title: 'Memory',
    height: 8,
    panels: [
      lines(
        'Huge memory by target',
        'bytes',
        [[ofTargets('huge_bytes'), '{{target}}']],
        'Mapped by huge pages.',
      ),
      lines(
        'Empty in huge pages',
        'bytes',
        [[ofTargets('empty_in_huge_bytes'), '{{target}}']],
        'What a split could give back.',
      ),
      lines(
        'Cold in huge pages',
        'bytes',
        [[ofTargets('cold_bytes'), '{{target}}']],
        'Known to be cold; what is not known is not in it.',
      ),
    ],
  },
  {
    title: '',
    height: 8,
    panels: [
      lines(
        'Resident',
        'bytes',
        [[ofTargets('resident_bytes'), '{{target}}']],
        'RSS of the processes of the target.',
      ),
      lines(
        'Held by nobody',
        'bytes',
        [[ofTargets('unmapped_held_bytes'), '{{target}}']],
        'Pages of huge pages that no process maps any more.',
      ),
      lines(
        'Holes',
        'bytes',
        [[ofTargets('hole_bytes'), '{{target}}']],
        'What collapsing everything would add.',
      ),
    ],
  },
  {
    title: 'What was done',
    height: 8,
    panels: [
      lines(
        'Returned, predicted, came back',
        'bytes',
        [
          [`sum(${increase('returned_bytes_total')})`, 'returned'],
          [`sum(${increase('predicted_bytes_total')})`, 'predicted'],
          [`sum(${increase('came_back_bytes_total')})`, 'came back'],
        ],
        'Bytes in each interval: what the system got back, what was promised, and what is in use again.',
      ),
      lines(
        'Still returned',
        'bytes',
        [[ofTargets('still_returned_bytes'), '{{target}}']],
        'Of all earlier splits.',
      ),
      lines(
        'Steps',
        'short',
        [
          [`sum(${increase('splits_total')})`, 'splits'],
          [`sum(${increase('collapses_total')})`, 'collapses'],
          [`sum(${increase('steps_failed_total')})`, 'not met'],
          [`sum(${increase('steps_undone_total')})`, 'undone since'],
          [`sum(${increase('proposals_refused_total')})`, 'refused'],
        ],
        'In each interval.',
      ),
    ],
  },
  {
    title: '',
    height: 8,
    panels: [
      timeline(
        'State of targets',
        `octavo_target_state{${CHOSEN}} == 1`,
        '{{target}}: {{state}}',
        'What each target is in: observing, acting, backing off, stopped.',
      ),
      lines(
        'Guards that object',
        'short',
        [[ofAgent('guard_objections'), '{{instance}} {{guard}}']],
        'Targets that each guard keeps from being acted on.',
      ),
      lines(
        'Policy and processes',
        'short',
        [
          [
            `${ofTargets('processes')} * on (instance, target) group_left (policy) octavo_target_info`,
            '{{target}} ({{policy}})',
          ],
        ],
        'Processes of each target, and its policy.',
      ),
    ],
  },
  {
    title: 'What it costs',
    height: 8,
    panels: [
      lines(
        'Locks held',
        'percentunit',
        [[`rate(octavo_target_lock_seconds_total{${CHOSEN}}[$__rate_interval])`, '{{target}}']],
        'Share of time that steps hold locks of the target.',
      ),
      lines(
        'CPU by target',
        'percentunit',
        [[`rate(octavo_target_cpu_seconds_total{${CHOSEN}}[$__rate_interval])`, '{{target}}']],
        'Share of a core that Octavo spends on it.',
      ),
      lines(
        'Samples',
        'short',
        [[`rate(octavo_target_samples_total{${CHOSEN}}[$__rate_interval])`, '{{target}}']],
        'A second.',
      ),
    ],
  },
  {
    title: 'The agent',
    height: 8,
    panels: [
      lines(
        'Memory',
        'bytes',
        [[ofAgent('resident_memory_bytes'), '{{instance}}']],
        'RSS of all its processes.',
      ),
      lines(
        'Turns',
        'short',
        [
          [`rate(${ofAgent('turns_total')}[$__rate_interval])`, '{{instance}}: a second'],
          [`increase(${ofAgent('turns_failed_total')}[$__rate_interval])`, '{{instance}}: failed'],
        ],
        'Turns that ended, and those that ended with an error.',
      ),
      lines(
        'Time of a turn',
        's',
        [[ofAgent('last_turn_duration_seconds'), '{{instance}}']],
        'The last one.',
      ),
    ],
  },
  {
    title: '',
    height: 8,
    panels: [
      lines(
        'History',
        'bytes',
        [[`sum by (instance, tier) (${ofAgent('history_bytes')})`, '{{instance}} {{tier}}']],
        'On disk.',
      ),
      lines(
        'History not kept',
        'short',
        [[`increase(${ofAgent('history_dropped_total')}[$__rate_interval])`, '{{instance}}']],
        'Observations that could not be written.',
      ),
      lines(
        'Since',
        's',
        [
          [`time() - ${ofAgent('start_time_seconds')}`, '{{instance}}: it runs'],
          [
            `time() - ${ofAgent('config_last_reload_success_timestamp_seconds')}`,
            '{{instance}}: its configuration is in force',
          ],
          [`time() - ${ofAgent('last_turn_timestamp_seconds')}`, '{{instance}}: its last turn ended'],
        ],
        'Time since then.',
      ),
    ],
  },
];

export function boardDocument() {
  const panels = [];
  let y = 0;
  for (const { title, height, panels: row } of ROWS) {
    if (title !== '')
      panels.push({
        type: 'row',
        title,
        collapsed: false,
        panels: [],
        gridPos: { x: 0, y: y++, w: WIDTH, h: 1 },
      });
    const w = WIDTH / row.length;
    row.forEach((panel, index) => {
      panels.push({ ...panel, gridPos: { x: index * w, y, w, h: height } });
    });
    y += height;
  }
  const board = {
    title: 'Octavo',
    uid: 'octavo',
    description:
      'Huge pages by access: what is seen, what was done, what it cost. Made from scripts/board.mjs.',
    tags: ['octavo', 'memory', 'thp'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '1m',
    time: { from: 'now-24h', to: 'now' },
    timezone: 'browser',
    templating: { list: variables() },
    annotations: { list: [] },
    panels: panels.map((panel, index) => ({ id: index + 1, ...panel })),
  };
  return `${JSON.stringify(board)}\n`;
}

function variables() {
  const many = {
    type: 'query',
    datasource: DATA,
    includeAll: true,
    multi: true,
    refresh: 2,
    sort: 1,
    current: { text: 'All', value: '$__all' },
    allValue: '.*',
  };
  return [
    { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data' },
    { ...many, name: 'instance', label: 'Host', query: 'label_values(octavo_build_info, instance)' },
    {
      ...many,
      name: 'target',
      label: 'Target',
      query: 'label_values(octavo_target_state{instance=~"$instance"}, target)',
    },
  ];
}

function targets(queries) {
  return queries.map(([expr, legendFormat], index) => ({
    refId: String.fromCharCode(65 + index),
    datasource: DATA,
    expr,
    legendFormat,
  }));
}

function stat(title, unit, expr, description) {
  return {
    type: 'stat',
    title,
    description,
    datasource: DATA,
    targets: targets([[expr, '']]),
    fieldConfig: { defaults: { unit, noValue: 'not known' }, overrides: [] },
    options: { graphMode: 'area', colorMode: 'none', reduceOptions: { calcs: ['lastNotNull'] } },
  };
}

function lines(title, unit, queries, description) {
  return {
    type: 'timeseries',
    title,
    description,
    datasource: DATA,
    targets: targets(queries),
    // What is not known is a gap, not zero.
    fieldConfig: {
      defaults: { unit, min: 0, custom: { lineWidth: 1, fillOpacity: 8, spanNulls: false } },
      overrides: [],
    },
    options: {
      legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

function timeline(title, expr, legend, description) {
  return {
    type: 'state-timeline',
    title,
    description,
    datasource: DATA,
    targets: targets([[expr, legend]]),
    fieldConfig: { defaults: { noValue: '' }, overrides: [] },
    options: { showValue: 'never', mergeValues: true, rowHeight: 0.8 },
  };
}
