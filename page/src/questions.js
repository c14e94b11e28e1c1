// Every question in a table that sorts and filters, fifty at a time.
import { verdict } from './badge.js';
import { joulesWord, runs, several, sheet, signOf, taskName } from './data.js';
import { csv, h, plain, save } from './dom.js';
import { count, quantity, records } from './format.js';
import { swatch } from './headline.js';
import { openRow } from './question.js';

const PAGE = 50;
const SHORT = 160;

const opener = (row) =>
  h('button', { type: 'button', class: 'open', 'aria-label': `Question ${row.index + 1} in full`, onclick: () => openRow(row, current) }, String(row.index + 1));

const COLUMNS = [
  { key: 'number', label: '#', of: (row) => row.index + 1, cell: opener },
  several && { key: 'run', label: 'Run', of: (row) => runs[row.run].label, cell: (row) => [swatch(runs[row.run]), h('bdi', {}, runs[row.run].label)], class: 'run' },
  { key: 'task', label: 'Task', of: (row) => plain(row.asked.task), cell: (row) => h('bdi', {}, taskName(plain(row.asked.task))) },
  { key: 'prompt', label: 'Question', of: (row) => plain(row.asked.prompt), cell: (row) => short(row.asked.prompt), class: 'long' },
  { key: 'answer', label: 'Read as answer', of: (row) => plain(row.extracted), cell: (row) => short(row.extracted) },
  { key: 'outcome', label: 'Verdict', of: (row) => row.outcome, cell: (row) => verdict(row.outcome) },
  { key: 'joules', label: 'Joules', of: (row) => row.joules, cell: (row) => (row.joules === null ? '—' : signOf(row) + quantity(row.joules, 'J')), number: true },
  { key: 'output_tokens', label: 'Tokens', of: (row) => row.output_tokens, cell: (row) => count(row.output_tokens), number: true },
  { key: 'ttft_s', label: 'First token', of: (row) => row.ttft_s, cell: (row) => quantity(row.ttft_s, 's'), number: true },
  { key: 'latency_s', label: 'Latency', of: (row) => row.latency_s, cell: (row) => quantity(row.latency_s, 's'), number: true },
  { key: 'attempts', label: 'Attempts', of: (row) => row.attempts, cell: (row) => String(row.attempts), number: true },
].filter(Boolean);

function short(text) {
  if (text === null) return h('span', { class: 'absent' }, 'none');
  const line = plain(text).slice(0, 4 * SHORT).replace(/\s+/g, ' ').trim();
  if (line === '') return h('span', { class: 'absent' }, 'empty');
  return h('bdi', { dir: 'auto' }, line.length > SHORT ? `${[...line].slice(0, SHORT).join('')}…` : line);
}

// What the reader has chosen, what follows from it, and the elements that show it.
const state = { sort: 'number', down: false, page: 0, text: '', outcome: '', task: '', run: '', narrowed: null };
let current = [];
let view;

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
  const { id, external_id: external, prompt, reference } = row.asked;
  row.searchable ??= [id, external, prompt, reference, row.text, row.extracted, row.why].map(plain).join('\n').toLowerCase();
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

function tableRow(row) {
  const open = (event) => event.target.closest('button') || getSelection().toString() || openRow(row, current);
  const cells = COLUMNS.map((column) => h('td', { class: column.number ? 'number' : column.class }, column.cell(row)));
  return h('tr', { onclick: open }, cells);
}

function refresh() {
  if (!view) return;
  current = sorted(matching());
  const last = Math.max(0, Math.ceil(current.length / PAGE) - 1);
  state.page = Math.min(Math.max(state.page, 0), last);
  const from = state.page * PAGE;
  const shown = current.slice(from, from + PAGE);
  view.body.replaceChildren(...shown.map(tableRow));
  view.status.textContent =
    current.length === 0 ? 'No question fits.' : `${count(from + 1)} – ${count(from + shown.length)} of ${count(current.length)}`;
  view.earlier.disabled = state.page === 0;
  view.later.disabled = state.page === last;
  view.chip.replaceChildren(...(state.narrowed ? chipOf(state.narrowed) : []));
  for (const [key, head] of view.heads) {
    head.setAttribute('aria-sort', key !== state.sort ? 'none' : state.down ? 'descending' : 'ascending');
  }
}

function change(values) {
  Object.assign(state, { page: 0, ...values });
  refresh();
}

const chipOf = ({ label }) => [
  h('span', {}, `Only ${label}`),
  h('button', { type: 'button', 'aria-label': `Show all questions, not only ${label}`, onclick: () => change({ narrowed: null }) }, '×'),
];

/** From a chart to the questions behind a part of it. */
export function narrowTo(label, test) {
  change({ narrowed: { label, test } });
  const section = document.getElementById('questions');
  section.scrollIntoView();
  section.querySelector('h2').focus({ preventScroll: true });
}

function filters() {
  const tasks = [...new Set(sheet.rows.map((row) => plain(row.asked.task)))].sort();
  let waiting;
  const search = ({ target }) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => change({ text: target.value }), 150);
  };
  const select = (label, key, options) => {
    const choices = [['', 'all'], ...options].map(([value, text]) => h('option', { value }, text));
    return h('label', {}, label, h('select', { onchange: ({ target }) => change({ [key]: target.value }) }, choices));
  };
  return h(
    'form',
    { class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault() },
    h('label', { class: 'search' }, 'Search', h('input', { type: 'search', placeholder: 'in questions and answers', oninput: search })),
    select('Verdict', 'outcome', ['correct', 'incorrect', 'missing'].map((outcome) => [outcome, outcome])),
    tasks.length > 1 && select('Task', 'task', tasks.map((task) => [`=${task}`, taskName(task)])),
    several && select('Run', 'run', runs.map((run) => [String(run.index), run.label]))
  );
}

function extent({ shown, records: total }, i) {
  const name = several ? `${runs[i].label}: ` : '';
  if (shown === total) return `${name}${several ? 'all' : 'All'} ${records(total)}.`;
  return `${name}${several ? 'a sample' : 'A sample'}, ${count(shown)} of ${records(total)}: the questions with the smallest content hashes, which is a random choice that is the same for every run of the set. Figures and charts above are of all records.`;
}

const CSV = [
  ['run', (row) => runs[row.run].label],
  ['question_id', (row) => row.asked.id],
  ['external_id', (row) => plain(row.asked.external_id)],
  ['task', (row) => plain(row.asked.task)],
  ['repeat', (row) => row.repeat],
  ['outcome', (row) => row.outcome],
  ['value', (row) => row.value],
  ['extracted', (row) => plain(row.extracted)],
  ['why', (row) => plain(row.why)],
  ['joules', (row) => row.joules],
  ['joules_above_idle_only', (row) => sheet.runs[row.run].above_idle],
  ['joules_source', (row) => row.energy.map(({ provenance, method }) => `${provenance}: ${method}`).join('; ')],
  ['prompt_tokens', (row) => row.prompt_tokens],
  ['output_tokens', (row) => row.output_tokens],
  ['ttft_s', (row) => row.ttft_s],
  ['latency_s', (row) => row.latency_s],
  ['attempts', (row) => row.attempts],
  ['prompt', (row) => plain(row.asked.prompt)],
  ['text', (row) => plain(row.text)],
];

function saveCsv() {
  const rows = current.map((row) => CSV.map(([, of]) => of(row)));
  save('ipw-questions.csv', 'text/csv', csv([CSV.map(([name]) => name), ...rows]));
}

function sortBy({ key, number }) {
  // Numbers begin with the largest, which is what one looks for.
  const down = state.sort === key ? !state.down : Boolean(number);
  change({ sort: key, down });
}

function makeView() {
  const button = (words, onclick, label) => h('button', { type: 'button', 'aria-label': label, onclick }, words);
  const turn = (step) => () => change({ page: state.page + step });
  const head = (column) =>
    h('th', { scope: 'col', class: column.number ? 'number' : null }, h('button', { type: 'button', onclick: () => sortBy(column) }, column.label));
  return {
    body: h('tbody'),
    status: h('output', { 'aria-live': 'polite' }),
    chip: h('p', { class: 'chip' }),
    earlier: button('← Earlier', turn(-1)),
    later: button('Later →', turn(1)),
    save: button('CSV', saveCsv, 'Save these questions as CSV'),
    heads: new Map(COLUMNS.map((column) => [column.key, head(column)])),
  };
}

export function questions() {
  if (sheet.rows.length === 0) return h('p', { class: 'absent' }, 'No question was asked yet.');
  view = makeView();
  refresh();
  const aboveIdle = runs.some((run) => joulesWord(run) !== 'Joules');
  return [
    sheet.runs.map((part, i) => h('p', { class: 'note' }, extent(part, i))),
    aboveIdle && h('p', { class: 'note' }, `Joules are those above idle${several ? ' where a run knows no other' : ''}.`),
    filters(),
    view.chip,
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Table of questions' },
      h('table', { class: 'questions' }, h('thead', {}, h('tr', {}, [...view.heads.values()])), view.body)
    ),
    h('p', { class: 'note on-paper' }, 'On paper the first 20 of the list; the file itself has all that it names above.'),
    h('div', { class: 'pager' }, view.earlier, view.status, view.later, view.save),
  ];
}
