// What every run has its own of: one figure, or with several runs one below the other, two of them open.
import { runs, several } from './data.js';
import { h } from './dom.js';

const MOST_OPEN = 2;
const fillers = new WeakMap();

export function perRun(build, open = MOST_OPEN) {
  if (!several) return build(runs[0]);
  return runs.map((run, i) => {
    const details = h('details', { class: 'of-run' }, h('summary', {}, h('bdi', {}, run.label)));
    // Built when it is first opened: charts of many runs cost time.
    fillers.set(details, () => {
      fillers.delete(details);
      details.append(...[build(run)].flat());
    });
    details.addEventListener('toggle', () => openRun(details, details.open));
    if (i < open) openRun(details);
    return details;
  });
}

/** Opens a run's part of the page at once. */
export function openRun(details, open = true) {
  if (open) fillers.get(details)?.();
  details.open = open;
}
