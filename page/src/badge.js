// Where a figure comes from, beside the figure.
import { h } from './dom.js';
import { SIGNS } from './format.js';

const MEANINGS = {
  measured: 'read from a sensor, a clock or a scorer',
  estimated: 'a model of this project, not a sensor',
  published: "somebody else's figure",
  mixed: 'several sources added up',
};

export function badge({ provenance, method }) {
  const sign = SIGNS[provenance];
  return h(
    'span',
    { class: `badge ${provenance}`, title: MEANINGS[provenance] },
    `${sign ? `${sign} ` : ''}${provenance}${method ? ` · ${method}` : ''}`
  );
}

export const verdictSign = { correct: '✓', incorrect: '✗', missing: '?' };

export function verdict(outcome) {
  return h(
    'span',
    { class: `verdict ${outcome}` },
    h('span', { 'aria-hidden': 'true' }, `${verdictSign[outcome]} `),
    outcome
  );
}
