// What was measured, how, and what was not: everything that another person needs to judge or repeat it.
import { badge } from './badge.js';
import { runs, several } from './data.js';
import { h } from './dom.js';
import { bytes, count, percent, quantity } from './format.js';

const list = (entries) =>
  h('dl', {}, entries.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false).map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));

const code = (text) => h('code', {}, text);

const number = (value) => (value === null || value === undefined ? null : count(value));

function sensors({ manifest }) {
  if (manifest.sensors.length === 0) return h('p', { class: 'absent' }, 'No sensor: energy was not measured.');
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Sensors' },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ['Sensor', 'Source', 'Covers', 'Updates every', 'Resolution', 'Systematic error', 'Idle', 'Assumes'].map((name) => h('th', { scope: 'col' }, name)))),
      h(
        'tbody',
        {},
        manifest.sensors.map((sensor) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, sensor.device || sensor.id, h('small', {}, sensor.id)),
            h('td', {}, badge({ provenance: sensor.source, method: sensor.method })),
            h('td', {}, sensor.scope, sensor.billed ? '' : ', recorded only'),
            h('td', {}, quantity(sensor.update_period_s, 's')),
            h('td', {}, quantity(sensor.resolution_j, 'J')),
            h('td', {}, sensor.method_uncertainty > 0 ? `± ${percent(sensor.method_uncertainty)}` : 'none stated'),
            h('td', {}, sensor.sees_idle ? 'seen' : 'not seen'),
            h('td', { class: 'reason' }, sensor.assumption || '—')
          )
        )
      )
    )
  );
}

function idle({ idle, manifest }) {
  if (idle.length === 0) return h('p', { class: 'absent' }, 'Idle power was not watched.');
  const sees = (id) => manifest.sensors.find((sensor) => sensor.id === id)?.sees_idle ?? true;
  const table = h(
    'table',
    {},
    h('thead', {}, h('tr', {}, ['When', 'Sensor', 'Power', 'Standard error', 'For', 'Readings'].map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, idle.map((one) => h('tr', {}, h('th', { scope: 'row' }, one.phase, !sees(one.sensor) && h('small', {}, 'other work on the machine')), [one.sensor, quantity(one.power_w, 'W'), quantity(one.power_stderr_w, 'W'), quantity(one.duration_s, 's'), count(one.n)].map((cell) => h('td', {}, cell)))))
  );
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Idle power' }, table);
}

function events({ events }) {
  if (events.length === 0) return null;
  return part('Events', h('ol', { class: 'events' }, events.map(({ time, kind, text }) => h('li', {}, h('time', {}, time), ` ${kind}`, text && `: ${text}`))));
}

const part = (title, ...content) => h('section', { class: 'part' }, h('h4', {}, title), content);

function ofRun(run) {
  const { manifest: m, records } = run;
  const { model, questions, options, machine } = m;
  const sampling = options.sampling ?? {};
  return h(
    'div',
    { class: 'method' },
    h('div', { class: 'not' }, h('h4', {}, 'What this does not tell'), h('ul', {}, run.unmeasured.map((line) => h('li', {}, line)))),
    h(
      'div',
      { class: 'parts' },
      part('Records', list([['Asked', count(records.total)], ['Correct', count(records.correct)], ['Incorrect', count(records.incorrect)], ['Missing', count(records.missing)], ['Not asked yet', count(records.not_asked)], ['Repeats of each', number(options.repeat)]])),
      part('Model', list([['Name', model.name], ['Architecture', model.architecture], ['Engine', model.engine], ['Quantization', model.quantization], ['Parameters', number(model.parameters)], ['… active', model.active_parameters !== model.parameters && number(model.active_parameters)], ['Size', model.size_bytes && bytes(model.size_bytes)], ['Context', model.context_tokens && `${count(model.context_tokens)} tokens`], ['SHA-256', model.digest && code(model.digest)]])),
      part('Questions', list([['Set', questions.name], ['Source', questions.source], ['Read as', questions.reading], ['Scorer', questions.scorer], ['Selected', number(questions.selected)], ['Repeats folded', questions.folded_duplicates && count(questions.folded_duplicates)], ['Unreadable, left out', questions.invalid && count(questions.invalid)], ['Digest', questions.digest && code(questions.digest)]])),
      part('Machine', list([['Host', machine.hostname], ['Processor', machine.cpu_model], ['Cores', number(machine.cores || null)], ['Memory', machine.memory_bytes && bytes(machine.memory_bytes)], ['System', [machine.os, machine.kernel].filter(Boolean).join(', ')]])),
      part('Options', list([['In flight', number(options.concurrency)], ['Most tokens', number(options.max_tokens)], ['Temperature', String(sampling.temperature ?? '')], ['Top-p', sampling.top_p !== 1 && String(sampling.top_p ?? '')], ['Top-k', sampling.top_k ? String(sampling.top_k) : null], ['Min-p', sampling.min_p ? String(sampling.min_p) : null], ['Repetition penalty', sampling.repetition_penalty !== 1 && String(sampling.repetition_penalty ?? '')], ['Threads', options.threads ? String(options.threads) : "the engine's choice"], ['Warm-up', options.warmup ? `${options.warmup} questions` : 'none'], ['Idle watched for', quantity(options.idle_s, 's')]])),
      part('Seeds', list(Object.entries(m.seeds ?? {}).map(([name, seed]) => [name, String(seed)])))
    ),
    part('Sensors', sensors(run)),
    part('Idle power', idle(run)),
    part('Command line', h('pre', { class: 'command' }, m.command_line.length > 0 ? m.command_line.map(shell).join(' ') : 'not recorded')),
    part('This run', list([['Folder', run.directory], ['Run', code(m.run_id)], ['Begun', m.created], ['ipw', m.ipw_version]])),
    events(run)
  );
}

// As one would type it.
const shell = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

export function method() {
  if (!several) return ofRun(runs[0]);
  return runs.map((run, i) => h('details', { class: 'of-run', open: i === 0 }, h('summary', {}, run.label), ofRun(run)));
}
