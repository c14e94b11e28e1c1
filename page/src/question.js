// One question in full: what was asked, answered, judged, spent, and the trace of every attempt.
import { badge, verdict } from './badge.js';
import { joulesWord, runs, several, sheet, signOf, taskName } from './data.js';
import { facts, h, plain, table, words } from './dom.js';
import { count, percent, quantity } from './format.js';
import { swatch } from './headline.js';

const block = (title, ...content) => h('section', {}, h('h3', {}, title), content);

const text = (value) => h('pre', { dir: 'auto' }, words(value));

function choices({ choices: given, more_choices: more }) {
  if (given.length === 0) return null;
  const items = given.map((choice) => h('li', {}, words(choice)));
  return block('Choices', h('ol', { class: 'choices' }, items, more > 0 && h('li', { class: 'absent' }, `${more} more`)));
}

function judged(row) {
  return block(
    'Judged',
    facts([
      ['Reference', words(row.asked.reference)],
      ['Read as answer', words(row.extracted)],
      ['Why', words(row.why)],
      row.failure !== null && ['Failure', words(row.failure)],
      ['Ended by', row.finish],
    ])
  );
}

function shares({ energy }) {
  if (energy.length === 0) return h('p', { class: 'absent' }, 'No sensor saw this question.');
  return table({
    name: 'Energy of this question by sensor',
    columns: ['Sensor', 'Above idle', 'Loaded idle', 'Device power', 'Uncertainty', 'Covered', 'Source'],
    rows: energy.map((share) => [
      share.sensor,
      quantity(share.active_j, 'J'),
      share.loaded_idle_j === null ? 'unknown' : quantity(share.loaded_idle_j, 'J'),
      quantity(share.device_power_w, 'W'),
      `± ${quantity(share.uncertainty_j, 'J')}`,
      percent(share.coverage),
      badge(share),
    ]),
  });
}

function cost(row) {
  const { cached_tokens: cached, reasoning_tokens: reasoning } = row;
  const read = `${count(row.prompt_tokens)} in${cached ? ` (${count(cached)} kept from before)` : ''}`;
  const written = `${count(row.output_tokens)} out${reasoning ? ` (${count(reasoning)} of reasoning)` : ''}`;
  return block(
    'Cost',
    facts([
      [joulesWord(runs[row.run]), row.joules === null ? 'not measured' : signOf(row) + quantity(row.joules, 'J')],
      ['Tokens', `${read}, ${written}`],
      ['First token', row.ttft_s === null ? 'never came' : quantity(row.ttft_s, 's')],
      ['Latency', quantity(row.latency_s, 's')],
    ]),
    shares(row)
  );
}

// Waiting, reading and writing as lengths of one bar.
function timeline({ intended_s: from, started_s: begun, first_token_s: first, ended_s: end }) {
  const parts = [
    ['waited', begun - from],
    ['prefill', (first ?? end) - begun],
    ['decode', first === null ? 0 : end - first],
  ].filter(([, seconds]) => seconds > 0);
  const whole = end - from;
  const label = parts.map(([name, seconds]) => `${name} ${quantity(seconds, 's')}`).join(', ');
  const pieces = parts.map(([name, seconds]) => {
    const piece = h('span', { class: name });
    piece.style.flexGrow = seconds / whole;
    return piece;
  });
  return [h('div', { class: 'timeline', 'aria-hidden': 'true' }, pieces), h('p', { class: 'note' }, label)];
}

function attempt(one, isLast, sign) {
  const { outcome, intended_s: from, output_tokens: written, joules } = one;
  return h(
    'li',
    { value: one.attempt },
    h('p', {}, verdict(outcome), ` · due ${quantity(from, 's')} into the run · ${count(written)} tokens · `, joules === null ? 'joules not measured' : sign + quantity(joules, 'J')),
    timeline(one),
    !isLast && one.failure && h('p', {}, 'Failure: ', words(one.failure)),
    !isLast && plain(one.why) && h('p', {}, words(one.why)),
    !isLast && plain(one.text) && text(one.text)
  );
}

function trace(row) {
  const title = row.attempts > 1 ? `Trace of ${row.attempts} attempts` : 'Trace';
  const last = row.trace.at(-1);
  return block(title, h('ol', { class: 'trace' }, row.trace.map((one) => attempt(one, one === last, signOf(row)))));
}

function elsewhere(row, neighbours) {
  const others = sheet.rows.filter((other) => other !== row && other.question === row.question);
  if (others.length === 0) return null;
  const button = (other) => {
    const place = several ? [swatch(runs[other.run]), h('bdi', {}, runs[other.run].label), ' '] : [];
    const joules = other.joules === null ? '' : ` ${signOf(other)}${quantity(other.joules, 'J')}`;
    return h('button', { type: 'button', onclick: () => openRow(other, neighbours) }, place, `repeat ${other.repeat + 1}: `, verdict(other.outcome), joules);
  };
  const title = several ? 'The same question in other runs and repeats' : 'Other repeats';
  return block(title, h('ul', { class: 'others' }, others.map((other) => h('li', {}, button(other)))));
}

function heading(row, neighbours) {
  const place = neighbours.indexOf(row);
  const button = (words, to) =>
    h('button', { type: 'button', disabled: !to, onclick: () => openRow(to, neighbours) }, words);
  const graded = row.value !== null && row.value !== 0 && row.value !== 1;
  return h(
    'header',
    {},
    h('h2', { id: 'one', tabindex: '-1' }, `Question ${row.index + 1}`),
    h(
      'p',
      {},
      verdict(row.outcome),
      graded && ` ${row.value}`,
      several && [' · ', swatch(runs[row.run]), h('bdi', {}, runs[row.run].label)],
      ' · ',
      h('bdi', {}, taskName(plain(row.asked.task))),
      row.attempts > 1 && ` · ${row.attempts} attempts`
    ),
    h(
      'div',
      { class: 'tools' },
      button('← Previous', place > 0 && neighbours[place - 1]),
      button('Next →', place >= 0 && neighbours[place + 1]),
      h('button', { type: 'button', onclick: () => dialog.close() }, 'Close')
    )
  );
}

function details(row, neighbours) {
  const external = plain(row.asked.external_id);
  return h(
    'div',
    { class: 'sheet' },
    heading(row, neighbours),
    block('Asked', text(row.asked.prompt)),
    choices(row.asked),
    block('Answer', text(row.text)),
    judged(row),
    cost(row),
    trace(row),
    elsewhere(row, neighbours),
    h('p', { class: 'note' }, `Content hash ${row.asked.id}, repeat ${row.repeat + 1}`, external && [', in its source ', h('bdi', {}, external)])
  );
}

let dialog;

/**
 * Shows one question in full, with ways to those before and after it in `neighbours`. Escape closes,
 * and the focus goes back to where it was.
 */
export function openRow(row, neighbours = runs[row.run].rows) {
  if (!dialog) {
    dialog = h('dialog', { 'aria-labelledby': 'one' });
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
  }
  dialog.replaceChildren(details(row, neighbours));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  dialog.querySelector('h2').focus();
}
