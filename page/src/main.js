// The page, from top to bottom.
import { drawAll } from './chart.js';
import { energyFigure, report, runs, several, sheet, sourceOf } from './data.js';
import { h } from './dom.js';
import { count, records } from './format.js';
import { headline } from './headline.js';
import { method } from './method.js';
import { openRun } from './per_run.js';
import { power } from './power.js';
import { questions } from './questions.js';
import { tasks } from './tasks.js';
import { times } from './times.js';
import { tokens } from './tokens.js';
import { tradeoffs } from './tradeoff.js';

const SECTIONS = [
  ['figures', 'Figures', headline],
  ['tradeoff', 'Accuracy and its cost', tradeoffs],
  ['time', 'Time', times],
  ['power', 'Power', power],
  ['tasks', 'Tasks', tasks],
  ['tokens', 'Tokens and joules', tokens],
  ['questions', 'Questions', questions],
  ['method', 'How it was measured', method],
];

function title() {
  if (several) return `${runs.length} runs compared`;
  const [run] = runs;
  return [h('bdi', {}, run.label), h('span', { class: 'times' }, ' × '), h('bdi', {}, run.manifest.questions.name)];
}

function subtitle() {
  const hosts = [...new Set(runs.map((run) => run.manifest.machine.hostname).filter(Boolean))];
  return [
    records(runs.reduce((sum, run) => sum + run.records.total, 0)),
    hosts.length > 0 && `measured on ${hosts.join(', ')}`,
    !several && runs[0].manifest.created?.slice(0, 10),
  ]
    .filter(Boolean)
    .join(' · ');
}

function warningsOf(run) {
  const { total, not_asked: open, missing } = run.records;
  return [
    total === 0 && 'nothing was asked yet.',
    total > 0 && open > 0 && `${count(open)} questions are not asked yet; the figures are of the others.`,
    missing > 0 && `${count(missing)} questions have no verdict.`,
    ...run.notes.map((note) => `${note}.`),
  ]
    .filter(Boolean)
    .map((text) => (several ? `${run.label}: ${text}` : text));
}

function warnings() {
  const lines = runs.flatMap(warningsOf);
  lines.push(...report.differences.map(({ a, b, text }) => `${a} and ${b}: ${text}.`));
  const sources = runs
    .map((run) => energyFigure(run.figures, 'j_per_query').figure)
    .filter(({ value }) => value !== null)
    .map(sourceOf);
  if (new Set(sources).size > 1) {
    lines.push('The energy of these runs comes from different sources; figures of different sources do not compare as if they were one.');
  }
  if (lines.length === 0) return null;
  const items = lines.map((line) => h('li', {}, h('bdi', {}, line)));
  return h('aside', { class: 'warnings', 'aria-label': 'To be careful about' }, h('ul', {}, items));
}

const section = ([id, name, build]) =>
  h('section', { id, 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title`, tabindex: '-1' }, name), build());

document.body.append(
  h('a', { class: 'skip', href: '#main' }, 'Skip to the figures'),
  h(
    'header',
    { class: 'top' },
    h('p', { class: 'brand' }, 'ipw report'),
    h('h1', {}, title()),
    h('p', { class: 'subtitle' }, subtitle()),
    warnings(),
    h('nav', { 'aria-label': 'Sections' }, SECTIONS.map(([id, name]) => h('a', { href: `#${id}` }, name)))
  ),
  h('main', { id: 'main' }, SECTIONS.map(section)),
  h('footer', {}, h('p', {}, `Made by ipw ${report.ipw_version} at ${report.made}. This file is complete: it loads nothing and sends nothing.`))
);

// On paper every run is open.
let closed = [];
addEventListener('beforeprint', () => {
  closed = [...document.querySelectorAll('.of-run:not([open])')];
  for (const details of closed) openRun(details);
  drawAll();
});
addEventListener('afterprint', () => {
  for (const details of closed) details.open = false;
});

document.documentElement.dataset.ready = String(sheet.rows.length);
