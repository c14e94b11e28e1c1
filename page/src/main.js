// The page, from top to bottom.
import { energyFigure, report, runs, several, sheet } from './data.js';
import { h } from './dom.js';
import { count } from './format.js';
import { headline } from './headline.js';
import { method } from './method.js';
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
  return [runs[0].label, h('span', { class: 'times' }, ' × '), runs[0].manifest.questions.name];
}

function subtitle() {
  const total = runs.reduce((sum, run) => sum + run.records.total, 0);
  const hosts = [...new Set(runs.map((run) => run.manifest.machine.hostname).filter(Boolean))];
  return [`${count(total)} ${total === 1 ? 'record' : 'records'}`, hosts.length > 0 && `measured on ${hosts.join(', ')}`, !several && runs[0].manifest.created && runs[0].manifest.created.slice(0, 10)].filter(Boolean).join(' · ');
}

function warnings() {
  const lines = runs.flatMap((run) => {
    const name = several ? `${run.label}: ` : '';
    return [
      run.records.total === 0 && `${name}nothing was asked yet.`,
      run.records.not_asked > 0 && run.records.total > 0 && `${name}${count(run.records.not_asked)} questions are not asked yet; the figures are of the others.`,
      run.records.missing > 0 && `${name}${count(run.records.missing)} questions have no verdict.`,
    ].filter(Boolean);
  });
  lines.push(...report.differences.map(({ a, b, text }) => `${a} and ${b}: ${text}.`));
  const sources = runs.map((run) => energyFigure(run.figures, 'j_per_query').figure).filter(({ value }) => value !== null);
  if (new Set(sources.map(({ provenance, method }) => `${provenance} ${method}`)).size > 1) {
    lines.push('The energy of these runs comes from different sources; figures of different sources do not compare as if they were one.');
  }
  return lines.length > 0 && h('aside', { class: 'warnings', 'aria-label': 'To be careful about' }, h('ul', {}, lines.map((line) => h('li', {}, line))));
}

document.body.append(
  h('a', { class: 'skip', href: '#main' }, 'Skip to the figures'),
  h('header', { class: 'top' }, h('p', { class: 'brand' }, 'ipw report'), h('h1', {}, title()), h('p', { class: 'subtitle' }, subtitle()), warnings(), h('nav', { 'aria-label': 'Sections' }, SECTIONS.map(([id, name]) => h('a', { href: `#${id}` }, name)))),
  h(
    'main',
    { id: 'main' },
    SECTIONS.map(([id, name, build]) => h('section', { id, 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title`, tabindex: '-1' }, name), build()))
  ),
  h('footer', {}, h('p', {}, `Made by ipw ${report.ipw_version} at ${report.made}. This file is complete: it loads nothing and sends nothing.`))
);
// On paper every run is open.
let closed = [];
addEventListener('beforeprint', () => {
  closed = [...document.querySelectorAll('.of-run:not([open])')];
  for (const details of closed) details.open = true;
});
addEventListener('afterprint', () => {
  for (const details of closed) details.open = false;
});

document.documentElement.dataset.ready = String(sheet.rows.length);
