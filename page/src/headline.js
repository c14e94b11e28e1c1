// The figures that people look for first: cards for one run, a table for several; all figures below.
import { badge } from './badge.js';
import { absent, energyFigure, report, runs, several, sign } from './data.js';
import { h } from './dom.js';
import { count } from './format.js';

const HEADLINE = [
  { name: 'accuracy', label: 'Accuracy', unit: 'correct / asked' },
  { name: 'ipj', label: 'Correct answers per joule', energy: true },
  { name: 'ipw', label: 'Accuracy per watt', energy: true },
  { name: 'j_per_query', label: 'Joules per question', energy: true },
  { name: 'j_per_token', label: 'Joules per output token', energy: true },
  { name: 'watts', label: 'Watts in service', energy: true },
  { name: 'ttft_p50', label: 'Time to first token, median' },
  { name: 'latency_p50', label: 'Latency, median' },
  { name: 'tokens_per_s', label: 'Output tokens per second' },
];

function pick(run, { name, energy }) {
  if (energy) {
    const { figure, aboveIdle } = energyFigure(run.figures, name);
    return { name: aboveIdle ? `${name}_active` : name, figure, aboveIdle };
  }
  return { name, figure: run.figures[name] ?? absent('not in this run'), aboveIdle: false };
}

// <data> carries the number as the JSON has it.
function value(figure, name) {
  const shown = figure.value === null ? '—' : sign(figure) + figure.text;
  return h('data', { class: 'value', value: figure.value ?? '', 'data-figure': name }, shown);
}

const limits = (figure) => figure.interval_text.slice(1, -1).replace(', ', ' – ');

function interval(figure) {
  if (!figure.interval_text) return null;
  return h('span', { class: 'interval' }, h('abbr', { title: '95 % interval' }, '95 %'), ` ${limits(figure)}`);
}

function card(run, entry) {
  const { figure, name, aboveIdle } = pick(run, entry);
  return h(
    'li',
    { class: 'card' },
    h('h3', {}, entry.label, aboveIdle && h('small', {}, ' above idle')),
    h('p', { class: 'big' }, value(figure, name)),
    h('p', { class: 'interval-line' }, interval(figure) ?? (figure.value === null ? 'not available' : 'no interval')),
    h('p', {}, figure.value === null && figure.low === null ? null : badge(figure)),
    figure.reason && h('p', { class: 'note' }, figure.reason)
  );
}

function comparison() {
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Headline figures of all runs' },
    h(
      'table',
      { class: 'comparison' },
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Run'), HEADLINE.map(({ label }) => h('th', { scope: 'col' }, label)))),
      h(
        'tbody',
        {},
        runs.map((run) =>
          h(
            'tr',
            { 'data-run': run.index },
            h('th', { scope: 'row' }, swatch(run), run.label, h('small', {}, `${count(run.records.total)} ${run.records.total === 1 ? 'record' : 'records'}`)),
            HEADLINE.map((entry) => {
              const { figure, name, aboveIdle } = pick(run, entry);
              const why = figure.value === null ? figure.reason : null;
              return h('td', { title: figure.reason || null }, value(figure, name), aboveIdle && figure.value !== null && '*', h('br'), figure.interval_text ? h('span', { class: 'interval' }, limits(figure)) : h('small', {}, why ?? 'no interval'));
            })
          )
        )
      )
    ),
    h('p', { class: 'note' }, '95 % intervals below the values. * above idle only; ≈ estimated, ± mixed: neither is measured.')
  );
}

export function swatch(run) {
  const dot = h('span', { class: 'swatch', 'aria-hidden': 'true' });
  dot.style.background = run.colour;
  return dot;
}

/** Which colour is which run; nothing where there is one. */
export function runLegend() {
  return several && h('p', { class: 'legend' }, runs.map((run) => h('span', {}, swatch(run), run.label)));
}

function allFigures(run) {
  const labels = new Map(report.figure_rows);
  const line = (name, figure, part) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, part ? '… of it' : (labels.get(name) ?? name), h('small', {}, name)),
      h('td', {}, h('data', { value: figure.value ?? '', 'data-all': part ? null : name }, figure.value === null ? '—' : sign(figure) + figure.text)),
      h('td', {}, figure.interval_text ? limits(figure) : '—'),
      h('td', {}, count(figure.n)),
      h('td', {}, figure.value === null && figure.low === null ? '—' : badge(figure)),
      h('td', { class: 'reason' }, figure.reason ?? '')
    );
  return h(
    'details',
    { class: 'as-table', 'data-all-figures': run.index },
    h('summary', {}, several ? `All figures of ${run.label}` : 'All figures'),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `All figures of ${run.label}` },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, ['Figure', 'Value', '95 % interval', 'n', 'Source', 'Note'].map((name) => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, Object.entries(run.figures).flatMap(([name, figure]) => [line(name, figure), ...(figure.parts ?? []).map((part) => line(name, part, true))]))
      )
    )
  );
}

export function headline() {
  return [several ? comparison() : h('ul', { class: 'cards' }, HEADLINE.map((entry) => card(runs[0], entry))), runs.map(allFigures)];
}
