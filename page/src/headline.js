// The figures that people look for first: cards for one run, a table for several with the differences
// that their common questions show; all figures below.
import { badge } from './badge.js';
import { absent, energyFigure, isThere, report, runs, several, sign } from './data.js';
import { h, table } from './dom.js';
import { count, records } from './format.js';

const HEADLINE = [
  { name: 'accuracy', label: 'Accuracy' },
  { name: 'ipj', label: 'Correct answers per joule', energy: true },
  { name: 'ipw', label: 'Accuracy per watt', energy: true },
  { name: 'j_per_query', label: 'Joules per question', energy: true },
  { name: 'j_per_token', label: 'Joules per output token', energy: true },
  { name: 'watts', label: 'Watts in service', energy: true },
  { name: 'ttft_p50', label: 'Time to first token, median' },
  { name: 'latency_p50', label: 'Latency, median' },
  { name: 'tokens_per_s', label: 'Output tokens per second' },
];

const PAIRED = [
  { name: 'accuracy_difference', label: 'Accuracy, difference' },
  { name: 'ipj_ratio', label: 'Correct answers per joule, ratio' },
  { name: 'j_per_query_ratio', label: 'Joules per question, ratio' },
  { name: 'latency_mean_ratio', label: 'Latency, ratio of means' },
];

function pick({ figures }, { name, energy }) {
  if (!energy) return { name, figure: figures[name] ?? absent('not in this run'), aboveIdle: false };
  const { figure, aboveIdle } = energyFigure(figures, name);
  return { name: aboveIdle ? `${name}_active` : name, figure, aboveIdle };
}

const valueText = (figure) => (figure.value === null ? '—' : sign(figure) + figure.text);

// "[11.9, 12.8]" is "11.9 to 12.8" in a page.
const limits = (figure) => figure.interval_text.slice(1, -1).replace(', ', ' to ');

// <data> carries the number as the JSON has it.
const value = (figure, name) =>
  h('data', { class: 'value', value: figure.value ?? '', 'data-figure': name }, valueText(figure));

// Without a value there is what missing verdicts leave, which is no interval.
function intervalWords(figure) {
  if (figure.bounds_text) return h('span', { class: 'bounds' }, `missing wrong to right: ${figure.bounds_text}`);
  if (!figure.interval_text) return null;
  return h('span', { class: 'interval' }, h('abbr', { title: '95 % interval' }, '95 %'), ` ${limits(figure)}`);
}

function card(run, entry) {
  const { figure, name, aboveIdle } = pick(run, entry);
  const interval = intervalWords(figure) ?? (figure.value === null ? 'not available' : 'no interval');
  return h(
    'li',
    { class: 'card' },
    h('h3', {}, entry.label, aboveIdle && h('small', {}, ' above idle')),
    h('p', { class: 'big' }, value(figure, name)),
    h('p', { class: 'interval-line' }, interval),
    isThere(figure) && h('p', {}, badge(figure)),
    figure.reason && h('p', { class: 'note' }, figure.reason)
  );
}

function narrowCell(figure, shown, mark) {
  const why = figure.value === null ? figure.reason : null;
  const words = figure.interval_text ? h('span', { class: 'interval' }, limits(figure)) : h('small', {}, why ?? 'no interval');
  const below = figure.bounds_text ? intervalWords(figure) : words;
  return h('td', { title: figure.reason || null }, shown, mark, h('br'), below);
}

const isDisturbed = ({ figures }) => Object.values(figures).some(({ disturbed }) => disturbed);

function sideBySide() {
  const disturbed = runs.some(isDisturbed);
  const row = (run) => [
    [swatch(run), h('bdi', {}, run.label), h('small', {}, records(run.records.total))],
    ...HEADLINE.map((entry) => {
      const { figure, name, aboveIdle } = pick(run, entry);
      const shown = value(figure, name);
      shown.dataset.run = run.index;
      return narrowCell(figure, shown, figure.value !== null && `${aboveIdle ? '*' : ''}${figure.disturbed ? '!' : ''}`);
    }),
  ];
  return [
    table({
      name: 'Headline figures of all runs',
      columns: ['Run', ...HEADLINE.map(({ label }) => label)],
      rows: runs.map(row),
      attributes: { class: 'comparison' },
    }),
    h('p', { class: 'note' }, `95 % intervals below the values. * above idle only; ≈ estimated, ± mixed: neither is measured.${disturbed ? ' ! disturbed: others worked beside the run.' : ''}`),
  ];
}

// Runs of the same thing: what one differs from the next by.
function runToRun({ model, runs: ids, figures }) {
  const labels = new Map(report.figure_rows);
  const row = ([name, parts]) =>
    parts.map((figure) => [
      [labels.get(name), h('small', {}, name)],
      h('data', { value: figure.value ?? '' }, valueText(figure)),
      limits(figure),
      figure.spread_text,
      badge(figure),
    ]);
  const leading = new Set(HEADLINE.map(({ name }) => name));
  const shown = Object.entries(figures).filter(([name]) => leading.has(name.replace(/_active$/, '')));
  return [
    h('h3', { class: 'after' }, h('bdi', {}, model), `: ${ids.length} runs of the same questions`),
    table({
      name: `Run to run: ${model}`,
      columns: ['Figure', 'Mean of runs', '95 % interval', 'Spread of one run', 'Source'],
      rows: shown.flatMap(row),
    }),
    h('p', { class: 'note' }, 'The interval holds for another run on this machine; the spread is the standard deviation of one run.'),
  ];
}

// Question by question, so that what is hard for both cancels.
function paired() {
  const present = PAIRED.map((entry) => ({
    ...entry,
    find: ({ figures }) => figures?.[entry.name] ?? figures?.[entry.name.replace('_ratio', '_active_ratio')],
  }));
  const row = ({ run, pairs, reason, ...rest }) => [
    [swatch(runs[run]), h('bdi', {}, runs[run].label), h('small', {}, reason ? 'no question in common' : `${count(pairs)} common ${pairs === 1 ? 'question' : 'questions'}`)],
    ...present.map(({ name, find }) => {
      const figure = find(rest) ?? absent(reason ? 'no question in common' : 'not in both runs');
      return narrowCell(figure, h('data', { class: 'value', value: figure.value ?? '', 'data-paired': name }, valueText(figure)));
    }),
  ];
  return [
    h('h3', { class: 'after' }, 'Against ', h('bdi', {}, runs[0].label), ', question by question'),
    table({
      name: 'Differences from the first run',
      columns: ['Run', ...present.map(({ label }) => label)],
      rows: report.paired.map(row),
      attributes: { class: 'comparison' },
    }),
    h('p', { class: 'note' }, 'Only questions that both runs asked. A difference is this run less the first, a ratio this run over the first; an interval that holds 0, or 1 for a ratio, shows no difference. As ipw compare prints it.'),
  ];
}

export function swatch(run) {
  const dot = h('span', { class: 'swatch', 'aria-hidden': 'true' });
  dot.style.background = run.colour;
  return dot;
}

/** Which colour is which run; nothing where there is one. */
export function runLegend() {
  if (!several) return null;
  return h('p', { class: 'legend' }, runs.map((run) => h('span', {}, swatch(run), h('bdi', {}, run.label))));
}

function allFigures(run) {
  const labels = new Map(report.figure_rows);
  const row = (name, figure, part) => [
    [part ? '… of it' : (labels.get(name) ?? name), h('small', {}, name)],
    h('data', { value: figure.value ?? '', 'data-all': part ? null : name }, valueText(figure)),
    figure.interval_text ? limits(figure) : '—',
    figure.bounds_text ?? '—',
    count(figure.n),
    isThere(figure) ? badge(figure) : '—',
    h('td', { class: 'reason' }, figure.reason ?? ''),
  ];
  return h(
    'details',
    { class: 'as-table' },
    h('summary', {}, several ? ['All figures of ', h('bdi', {}, run.label)] : 'All figures'),
    table({
      name: `All figures of ${run.label}`,
      columns: ['Figure', 'Value', '95 % interval', 'Missing wrong to right', 'n', 'Source', 'Note'],
      rows: Object.entries(run.figures).flatMap(([name, figure]) => [
        row(name, figure),
        ...(figure.parts ?? []).map((part) => row(name, part, true)),
      ]),
    })
  );
}

export function headline() {
  const first = several
    ? [sideBySide(), report.run_to_run.map(runToRun), paired()]
    : h('ul', { class: 'cards' }, HEADLINE.map((entry) => card(runs[0], entry)));
  return [first, runs.map(allFigures)];
}
