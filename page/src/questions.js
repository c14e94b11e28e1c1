// Every question in a table that sorts and filters, and one of them in full.
import { badge, verdict } from './badge.js';
import { joulesWord, runs, several, sheet, taskName } from './data.js';
import { csv, h, plain, save, words } from './dom.js';
import { swatch } from './headline.js';
import { count, percent, quantity } from './format.js';

const PAGE = 50;
const SHORT = 160;

const COLUMNS = [
  { key: 'number', label: '#', of: (row) => row.index + 1, cell: (row) => h('button', { type: 'button', class: 'open', 'aria-label': `Question ${row.index + 1} in full`, onclick: () => openRow(row) }, String(row.index + 1)) },
  several && { key: 'run', label: 'Run', of: (row) => runs[row.run].label, cell: (row) => [swatch(runs[row.run]), runs[row.run].label], class: 'run' },
  { key: 'task', label: 'Task', of: (row) => plain(row.asked.task), cell: (row) => h('bdi', {}, taskName(plain(row.asked.task))) },
  { key: 'prompt', label: 'Question', of: (row) => plain(row.asked.prompt), cell: (row) => short(row.asked.prompt), class: 'long' },
  { key: 'answer', label: 'Read as answer', of: (row) => plain(row.extracted), cell: (row) => short(row.extracted) },
  { key: 'outcome', label: 'Verdict', of: (row) => row.outcome, cell: (row) => verdict(row.outcome) },
  { key: 'joules', label: 'Joules', of: (row) => row.joules, cell: (row) => (row.joules === null ? '—' : `${estimated(row)}${quantity(row.joules, 'J')}`), number: true },
  { key: 'output_tokens', label: 'Tokens', of: (row) => row.output_tokens, cell: (row) => count(row.output_tokens), number: true },
  { key: 'ttft_s', label: 'First token', of: (row) => row.ttft_s, cell: (row) => quantity(row.ttft_s, 's'), number: true },
  { key: 'latency_s', label: 'Latency', of: (row) => row.latency_s, cell: (row) => quantity(row.latency_s, 's'), number: true },
  { key: 'attempts', label: 'Attempts', of: (row) => row.attempts, cell: (row) => String(row.attempts), number: true },
].filter(Boolean);

const estimated = (row) => (row.energy.some(({ provenance }) => provenance !== 'measured') ? '≈' : '');

function short(text) {
  if (text === null) return h('span', { class: 'absent' }, 'none');
  const line = plain(text).slice(0, 4 * SHORT).replace(/\s+/g, ' ').trim();
  if (line === '') return h('span', { class: 'absent' }, 'empty');
  return h('bdi', { dir: 'auto' }, line.length > SHORT ? `${[...line].slice(0, SHORT).join('')}…` : line);
}

const state = { sort: 'number', down: false, page: 0, text: '', outcome: '', task: '', run: '', narrowed: null };
let body;
let pager;
let chip;
let status;
let heads;

function matching() {
  const text = state.text.toLowerCase();
  return sheet.rows.filter(
    (row) =>
      (!state.outcome || row.outcome === state.outcome) &&
      (!state.task || `=${plain(row.asked.task)}` === state.task) &&
      (state.run === '' || row.run === Number(state.run)) &&
      (!state.narrowed || state.narrowed.test(row)) &&
      (!text || searchable(row).includes(text))
  );
}

function searchable(row) {
  row.searchable ??= [row.asked.id, row.asked.external_id, row.asked.prompt, row.asked.reference, row.text, row.extracted, row.why].map(plain).join('\n').toLowerCase();
  return row.searchable;
}

function sorted(rows) {
  const column = COLUMNS.find(({ key }) => key === state.sort);
  const way = state.down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [column.of(a), column.of(b)];
    if (x === y) return a.index - b.index;
    if (x === null) return 1; // what is not there comes last, whichever way
    if (y === null) return -1;
    return way * (typeof x === 'string' ? x.localeCompare(y) : x - y);
  });
}

let current = [];

function refresh() {
  current = sorted(matching());
  const last = Math.max(0, Math.ceil(current.length / PAGE) - 1);
  state.page = Math.min(Math.max(state.page, 0), last);
  const from = state.page * PAGE;
  const shown = current.slice(from, from + PAGE);
  body.replaceChildren(
    ...shown.map((row) =>
      h(
        'tr',
        { onclick: (event) => event.target.closest('button') || getSelection().toString() || openRow(row) },
        COLUMNS.map((column) => h('td', { class: [column.number && 'number', column.class].filter(Boolean).join(' ') || null }, column.cell(row)))
      )
    )
  );
  status.textContent = current.length === 0 ? 'No question fits.' : `${count(from + 1)} – ${count(from + shown.length)} of ${count(current.length)}`;
  pager.previous.disabled = state.page === 0;
  pager.next.disabled = state.page === last;
  chip.replaceChildren(...(state.narrowed ? [h('span', {}, `Only ${state.narrowed.label}`), h('button', { type: 'button', 'aria-label': `Show all questions, not only ${state.narrowed.label}`, onclick: () => ((state.narrowed = null), refresh()) }, '×')] : []));
  for (const [key, head] of heads) {
    const way = key === state.sort ? (state.down ? 'descending' : 'ascending') : 'none';
    head.setAttribute('aria-sort', way);
  }
}

/** From a chart to the questions behind a part of it. */
export function narrowTo(label, test) {
  state.narrowed = { label, test };
  state.page = 0;
  refresh();
  const section = document.getElementById('questions');
  section.scrollIntoView();
  section.querySelector('h2').focus({ preventScroll: true });
}

function filters() {
  const tasks = [...new Set(sheet.rows.map((row) => plain(row.asked.task)))].sort();
  const change = (key) => (event) => {
    state[key] = event.target.value;
    state.page = 0;
    refresh();
  };
  let waiting;
  const search = (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => change('text')(event), 150);
  };
  const select = (label, key, options) => h('label', {}, label, h('select', { onchange: change(key) }, h('option', { value: '' }, 'all'), options.map(([value, text]) => h('option', { value }, text))));
  return h(
    'form',
    { class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault() },
    h('label', { class: 'search' }, 'Search', h('input', { type: 'search', placeholder: 'in questions and answers', oninput: search })),
    select('Verdict', 'outcome', ['correct', 'incorrect', 'missing'].map((o) => [o, o])),
    tasks.length > 1 && select('Task', 'task', tasks.map((task) => [`=${task}`, taskName(task)])),
    several && select('Run', 'run', runs.map((run) => [String(run.index), run.label]))
  );
}

function sampleWords() {
  return sheet.runs.map(({ shown, records }, i) => {
    const name = several ? `${runs[i].label}: ` : '';
    const [all, sample] = several ? ['all', 'a sample'] : ['All', 'A sample'];
    if (shown === records) return `${name}${all} ${count(records)} records.`;
    return `${name}${sample}, ${count(shown)} of ${count(records)} records: the questions with the smallest content hashes, which is a random choice that is the same for every run of the set. Figures and charts above are of all records.`;
  });
}

function asCsv() {
  const rows = current.map((row) => [
    ...(several ? [runs[row.run].label] : []),
    row.asked.id, plain(row.asked.external_id), plain(row.asked.task), row.repeat, row.outcome, row.value, plain(row.extracted), plain(row.why), row.joules, row.prompt_tokens, row.output_tokens, row.ttft_s, row.latency_s, row.attempts, plain(row.asked.prompt), plain(row.text),
  ]);
  const columns = [...(several ? ['run'] : []), 'question_id', 'external_id', 'task', 'repeat', 'outcome', 'value', 'extracted', 'why', 'joules', 'prompt_tokens', 'output_tokens', 'ttft_s', 'latency_s', 'attempts', 'prompt', 'text'];
  save('ipw-questions.csv', 'text/csv', csv([columns, ...rows]));
}

export function questions() {
  if (sheet.rows.length === 0) return h('p', { class: 'absent' }, 'No question was asked yet.');
  body = h('tbody');
  status = h('output', { 'aria-live': 'polite' });
  chip = h('p', { class: 'chip' });
  const turn = (step) => () => {
    state.page += step;
    refresh();
  };
  pager = { previous: h('button', { type: 'button', onclick: turn(-1) }, '← Earlier'), next: h('button', { type: 'button', onclick: turn(1) }, 'Later →') };
  heads = new Map(
    COLUMNS.map((column) => [
      column.key,
      h('th', { scope: 'col', class: column.number ? 'number' : null }, h('button', { type: 'button', onclick: () => {
        state.down = state.sort === column.key ? !state.down : Boolean(column.number) && column.key !== 'number';
        state.sort = column.key;
        state.page = 0;
        refresh();
      } }, column.label)),
    ])
  );
  const above = runs.some((run) => joulesWord(run) !== 'joules');
  const section = [
    sampleWords().map((text) => h('p', { class: 'note' }, text)),
    above && h('p', { class: 'note' }, `Joules are those above idle${several ? ' where a run knows no other' : ''}.`),
    filters(),
    chip,
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Questions' }, h('table', { class: 'questions' }, h('thead', {}, h('tr', {}, [...heads.values()])), body)),
    h('p', { class: 'note on-paper' }, 'On paper the first 20 of the list; the file itself has all that it names above.'),
    h('div', { class: 'pager' }, pager.previous, status, pager.next, h('button', { type: 'button', 'aria-label': 'Save these questions as CSV', onclick: asCsv }, 'CSV')),
  ];
  refresh();
  return section;
}

// ---------------------------------------------------------------- one question

let dialog;

function block(title, content) {
  return h('section', {}, h('h3', {}, title), content);
}

const text = (value) => h('pre', { dir: 'auto' }, words(value));

function energyTable(row) {
  if (row.energy.length === 0) return h('p', { class: 'absent' }, 'No sensor saw this question.');
  return h(
    'table',
    {},
    h('thead', {}, h('tr', {}, ['Sensor', 'Above idle', 'Loaded idle', 'Device power', 'Uncertainty', 'Covered', 'Source'].map((name) => h('th', { scope: 'col' }, name)))),
    h(
      'tbody',
      {},
      row.energy.map((share) =>
        h('tr', {}, h('th', { scope: 'row' }, share.sensor), [quantity(share.active_j, 'J'), share.loaded_idle_j === null ? 'unknown' : quantity(share.loaded_idle_j, 'J'), quantity(share.device_power_w, 'W'), `± ${quantity(share.uncertainty_j, 'J')}`, percent(share.coverage)].map((cell) => h('td', {}, cell)), h('td', {}, badge(share)))
      )
    )
  );
}

function trace(row) {
  const last = row.trace.at(-1);
  return h(
    'ol',
    { class: 'trace' },
    row.trace.map((attempt) => {
      const after = (time) => (time === null ? 'never' : `+${quantity(time - attempt.intended_s, 's')}`);
      return h(
        'li',
        { value: attempt.attempt },
        h('p', {}, verdict(attempt.outcome), ` · meant to be sent at ${quantity(attempt.intended_s, 's')}, sent ${after(attempt.sent_s)}, begun ${after(attempt.started_s)}, first token ${after(attempt.first_token_s)}, ended ${after(attempt.ended_s)} · ${count(attempt.output_tokens)} tokens · ${quantity(attempt.joules, 'J')}`),
        attempt !== last && attempt.failure && h('p', {}, 'Failure: ', words(attempt.failure)),
        attempt !== last && attempt.why && plain(attempt.why) && h('p', {}, words(attempt.why)),
        attempt !== last && plain(attempt.text) && text(attempt.text)
      );
    })
  );
}

function elsewhere(row) {
  const others = sheet.rows.filter((other) => other !== row && other.question === row.question);
  if (others.length === 0) return null;
  return block(
    several ? 'The same question in other runs and repeats' : 'Other repeats',
    h('ul', { class: 'others' }, others.map((other) => h('li', {}, h('button', { type: 'button', onclick: () => openRow(other) }, several && swatch(runs[other.run]), `${several ? `${runs[other.run].label} ` : ''}repeat ${other.repeat + 1}: `, verdict(other.outcome), ` ${quantity(other.joules, 'J')}`))))
  );
}

function details(row) {
  const { asked } = row;
  const place = current.indexOf(row);
  const go = (step) => () => openRow(current[place + step]);
  const external = plain(asked.external_id);
  return h(
    'div',
    { class: 'sheet' },
    h(
      'header',
      {},
      h('h2', { id: 'one', tabindex: '-1' }, `Question ${row.index + 1}`),
      h('p', {}, verdict(row.outcome), row.value !== null && row.value !== 0 && row.value !== 1 ? ` ${row.value}` : '', several && [' · ', swatch(runs[row.run]), runs[row.run].label], ' · ', h('bdi', {}, taskName(plain(asked.task))), row.attempts > 1 && ` · ${row.attempts} attempts`),
      h('div', { class: 'tools' }, h('button', { type: 'button', disabled: place <= 0, onclick: go(-1) }, '← Previous'), h('button', { type: 'button', disabled: place < 0 || place + 1 >= current.length, onclick: go(1) }, 'Next →'), h('button', { type: 'button', onclick: () => dialog.close() }, 'Close'))
    ),
    block('Asked', text(asked.prompt)),
    asked.choices.length > 0 && block('Choices', h('ol', { class: 'choices' }, asked.choices.map((choice) => h('li', {}, words(choice))), asked.more_choices > 0 && h('li', { class: 'absent' }, `${asked.more_choices} more`))),
    block('Answer', text(row.text)),
    block('Judged', h('dl', {}, [['Reference', words(asked.reference)], ['Read as answer', words(row.extracted)], ['Why', words(row.why)], row.failure !== null && ['Failure', words(row.failure)], ['Ended by', row.finish]].filter(Boolean).map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))))),
    block('Cost', [
      h('dl', {}, [
        [joulesWord(runs[row.run]), row.joules === null ? 'not measured' : `${estimated(row)}${quantity(row.joules, 'J')}`],
        ['Tokens', `${count(row.prompt_tokens)} in${row.cached_tokens ? ` (${count(row.cached_tokens)} kept from before)` : ''}, ${count(row.output_tokens)} out${row.reasoning_tokens ? ` (${count(row.reasoning_tokens)} of reasoning)` : ''}`],
        ['First token', row.ttft_s === null ? 'never came' : quantity(row.ttft_s, 's')],
        ['Latency', quantity(row.latency_s, 's')],
      ].map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value)))),
      energyTable(row),
    ]),
    block(row.attempts > 1 ? `Trace of ${row.attempts} attempts` : 'Trace', trace(row)),
    elsewhere(row),
    h('p', { class: 'note' }, `Content hash ${asked.id}${external ? `, in its source ${external}` : ''}, repeat ${row.repeat + 1}`)
  );
}

/** Shows one question in full; Escape closes, and the focus goes back to where it was. */
export function openRow(row) {
  if (!row) return;
  if (!dialog) {
    dialog = h('dialog', { 'aria-labelledby': 'one' });
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
  }
  dialog.replaceChildren(details(row));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  dialog.querySelector('h2').focus();
}
