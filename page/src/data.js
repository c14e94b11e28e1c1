// What the program wrote into the page, and the few questions that every section asks of it.
import { SIGNS } from './format.js';

const read = (id) => JSON.parse(document.getElementById(id).textContent);

export const report = read('report');
export const sheet = read('sheet');
export const runs = report.runs;
export const several = runs.length > 1;

// What turns the direction of writing would turn what stands beside it, too.
const upright = (text) => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

runs.forEach((run, index) => {
  run.label = upright(run.label);
  run.index = index;
  run.colour = several ? `var(--run-${index % 8})` : 'var(--accent)';
  run.rows = [];
});
sheet.rows.forEach((row, index) => {
  row.index = index;
  row.asked = sheet.questions[row.question];
  runs[row.run].rows.push(row);
});
for (const run of runs) {
  run.complete = run.rows.length === run.records.total;
  run.rows.sort((a, b) => a.started_s - b.started_s);
}

/** The figure and whether it is that above idle: gross where idle is known. */
export function energyFigure(figures, name) {
  const gross = figures[name];
  const active = figures[`${name}_active`];
  if (isThere(gross)) return { figure: gross, aboveIdle: false };
  if (isThere(active) || active?.n > 0) return { figure: active, aboveIdle: true };
  return { figure: gross ?? active ?? absent('not in this run'), aboveIdle: false };
}

/** Whether there is anything to show: a value, or bounds where verdicts are missing. */
export const isThere = (figure) => Boolean(figure) && (figure.value !== null || figure.low !== null || Boolean(figure.bounds_text));

/** Whether charts that compare runs must show what is above idle: some run knows no more. */
export function aboveIdleTogether(name) {
  const values = (suffix) => runs.map((run) => run.figures[name + suffix]?.value ?? null);
  const gross = values('').filter((value) => value !== null).length;
  const active = values('_active').filter((value) => value !== null).length;
  return active > gross;
}

export const absent = (reason) => ({
  value: null,
  low: null,
  high: null,
  n: 0,
  unit: '',
  provenance: 'measured',
  method: '',
  text: '—',
  interval_text: '',
  reason,
});

/** Where joules come from, whatever worked beside them. */
export const sourceOf = ({ provenance, method }) => `${provenance} ${(method ?? '').replace(/, disturbed$/, '')}`;

export const sign = (figure) => SIGNS[figure.provenance] ?? '';

export const taskName = (task) => (task === '' ? '(no task)' : upright(task));

/** What row.joules are called. */
export const joulesWord = ({ index }) => (sheet.runs[index].above_idle ? 'Joules above idle' : 'Joules');

/** What a row's joules do not go without; nothing where all were measured. */
export function signOf({ energy }) {
  const sources = [...new Set(energy.map(({ provenance }) => provenance))];
  return SIGNS[sources.length > 1 ? 'mixed' : sources[0]] ?? '';
}
