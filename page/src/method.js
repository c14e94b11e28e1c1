// What was measured, how, and what was not: everything that another person needs to judge or repeat it.
import { badge } from './badge.js';
import { several } from './data.js';
import { facts, h, table } from './dom.js';
import { bytes, count, percent, quantity } from './format.js';
import { perRun } from './per_run.js';

const code = (text) => text && h('code', {}, text);

const number = (value) => (value === null || value === undefined ? null : count(value));

const unless = (usual, value) => (value === undefined || value === usual ? null : String(value));

const part = (title, ...content) => h('section', { class: 'part' }, h('h3', {}, title), content);

const inRun = ({ label }) => (several ? ` of ${label}` : '');

// As one would type it.
const shell = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

// How a device's energy counter holds against the power that the device itself tells.
function agreement({ idle_agreement: idle, busy_agreement: busy }) {
  const told = [['idle', idle], ['busy', busy]].filter(([, one]) => one?.counter_over_power != null);
  if (told.length === 0) return '—';
  return told.map(([when, one]) => h('div', {}, `${one.counter_over_power.toFixed(3)} ${when}`, h('small', {}, ` ${quantity(one.duration_s, 's')}`)));
}

function sensors(run) {
  const { manifest } = run;
  if (manifest.sensors.length === 0) return h('p', { class: 'absent' }, 'No sensor: energy was not measured.');
  return table({
    name: `Sensors${inRun(run)}`,
    columns: ['Sensor', 'Source', 'Covers', 'Updates every', 'Resolution', 'Systematic error', 'Counter ÷ power', 'Idle', 'Assumes'],
    rows: manifest.sensors.map((sensor) => [
      [sensor.device || sensor.id, h('small', {}, sensor.id)],
      badge({ provenance: sensor.source, method: sensor.method }),
      sensor.scope + (sensor.billed ? '' : ', recorded only'),
      quantity(sensor.update_period_s, 's'),
      quantity(sensor.resolution_j, 'J'),
      sensor.method_uncertainty > 0 ? `± ${percent(sensor.method_uncertainty)}` : 'none stated',
      agreement(sensor),
      sensor.sees_idle ? 'seen' : 'not seen',
      h('td', { class: 'reason' }, sensor.assumption || '—'),
    ]),
  });
}

// Where the joules of each sensor went; nothing of those that see the model's work alone.
function ledger(run) {
  const kept = run.manifest.sensors.filter((sensor) => sensor.ledger && sensor.sees_idle);
  if (kept.length === 0) return null;
  return part('Where the joules went', table({
    name: `Ledger${inRun(run)}`,
    columns: ['Sensor', 'Metered', "The model's work", 'Idle while it served', 'Other programs', "Nobody's"],
    rows: kept.map((sensor) => [
      sensor.id,
      ...['metered_j', 'active_j', 'loaded_idle_j', 'others_j', 'unattributed_j'].map((key) => quantity(sensor.ledger[key], 'J')),
    ]),
  }));
}

function idle(run) {
  const { idle: watched, manifest } = run;
  if (watched.length === 0) return h('p', { class: 'absent' }, 'Idle power was not watched.');
  const sees = (id) => manifest.sensors.find((sensor) => sensor.id === id)?.sees_idle ?? true;
  return table({
    name: `Idle power${inRun(run)}`,
    columns: ['When', 'Sensor', 'Power', 'Standard error', 'For', 'Readings'],
    rows: watched.map((one) => [
      [one.phase, !sees(one.sensor) && h('small', {}, 'other work on the machine')],
      one.sensor,
      quantity(one.power_w, 'W'),
      quantity(one.power_stderr_w, 'W'),
      quantity(one.duration_s, 's'),
      count(one.n),
    ]),
  });
}

function company(run) {
  const { company: watched } = run.manifest;
  const rows = [['while idle, before', watched?.before], ['while the model was asked', watched?.during], ['afterwards', watched?.after]]
    .filter(([, one]) => one);
  if (rows.length === 0) return h('p', { class: 'absent' }, 'Other programs were not watched.');
  const share = ({ others_cpu_s: others, stolen_cpu_s: stolen, window_s: window, processors }) => (others + stolen) / (window * processors);
  return table({
    name: `Company${inRun(run)}`,
    columns: ['When', 'For', 'Other programs', 'Kept by the host', "Share of the processors' time", 'Other runs of ipw'],
    rows: rows.map(([when, one]) => [
      when,
      quantity(one.window_s, 's'),
      `${quantity(one.others_cpu_s, 's')} CPU`,
      `${quantity(one.stolen_cpu_s, 's')} CPU`,
      percent(share(one)),
      count(one.other_runs ?? 0),
    ]),
  });
}

function events({ events: told }) {
  if (told.length === 0) return null;
  const items = told.map(({ time, kind, text }) => h('li', {}, h('time', {}, time), ` ${kind}`, text && [': ', h('bdi', {}, text)]));
  return part('Events', h('ol', { class: 'events' }, items));
}

const recordsPart = ({ manifest, records }) =>
  part('Records', facts([
    ['Asked', count(records.total)],
    ['Correct', count(records.correct)],
    ['Incorrect', count(records.incorrect)],
    ['Missing', count(records.missing)],
    ['Not asked yet', count(records.not_asked)],
    ['Repeats of each', number(manifest.options.repeat)],
  ]));

const modelPart = ({ manifest: { model } }) =>
  part('Model', facts([
    ['Name', model.name],
    ['Architecture', model.architecture],
    ['Engine', model.engine],
    ['Quantization', model.quantization],
    ['Parameters', number(model.parameters)],
    ['… active', model.active_parameters !== model.parameters && number(model.active_parameters)],
    ['Size', model.size_bytes && bytes(model.size_bytes)],
    ['Context', model.context_tokens && `${count(model.context_tokens)} tokens`],
    ['SHA-256', code(model.digest)],
  ]));

function questionsPart({ manifest: { questions } }) {
  const rules = Object.entries(questions.judged_by ?? {});
  return part('Questions', facts([
    ['Set', questions.name],
    ['Source', questions.source],
    ['Read as', questions.reading],
    ['Scorer', `${questions.scorer}, rules of version ${questions.rules_version ?? 1}`],
    ['Judged by', rules.length > 1 && rules.map(([rule, n]) => `${rule} ${count(n)}`).join(', ')],
    ['Formulas, compared as text', questions.formulas ? count(questions.formulas) : null],
    ['Selected', number(questions.selected)],
    ['Repeats folded', questions.folded_duplicates ? count(questions.folded_duplicates) : null],
    ['Unreadable, left out', questions.invalid ? count(questions.invalid) : null],
    ['Digest', code(questions.digest)],
  ]));
}

function loadPart({ load_lines: lines }) {
  if (lines.length === 0) return null;
  return part('Load', h('ul', { class: 'load' }, lines.map((line) => h('li', {}, line))));
}

const machinePart = ({ manifest: { machine } }) =>
  part('Machine', facts([
    ['Host', machine.hostname],
    ['Processor', machine.cpu_model],
    ['Cores', number(machine.cores || null)],
    ['Memory', machine.memory_bytes && bytes(machine.memory_bytes)],
    ['System', [machine.os, machine.kernel].filter(Boolean).join(', ')],
  ]));

function optionsPart({ manifest: { options } }) {
  const sampling = options.sampling ?? {};
  return part('Options', facts([
    ['In flight', number(options.concurrency)],
    ['Most tokens', number(options.max_tokens)],
    ['Temperature', unless(undefined, sampling.temperature)],
    ['Top-p', unless(1, sampling.top_p)],
    ['Top-k', unless(0, sampling.top_k)],
    ['Min-p', unless(0, sampling.min_p)],
    ['Repetition penalty', unless(1, sampling.repetition_penalty)],
    ['Threads', options.threads ? String(options.threads) : "the engine's choice"],
    ['Warm-up', options.warmup ? `${options.warmup} questions` : 'none'],
    ['Idle watched for', quantity(options.idle_s, 's')],
  ]));
}

function ofRun(run) {
  const { manifest } = run;
  const command = manifest.command_line.map(shell).join(' ') || 'not recorded';
  return h(
    'div',
    { class: 'method' },
    h('div', { class: 'not' }, h('h3', {}, 'What this does not tell'), h('ul', {}, run.unmeasured.map((line) => h('li', {}, line)))),
    h(
      'div',
      { class: 'parts' },
      [recordsPart, modelPart, questionsPart, machinePart, optionsPart, loadPart].map((of) => of(run)),
      part('Seeds', facts(Object.entries(manifest.seeds ?? {})))
    ),
    part('Sensors', sensors(run)),
    ledger(run),
    part('Idle power', idle(run)),
    part('Company', company(run)),
    part('Command line', h('pre', { class: 'command' }, command)),
    part('This run', facts([['Folder', run.directory], ['Run', code(manifest.run_id)], ['Begun', manifest.created], ['ipw', manifest.ipw_version]])),
    events(run)
  );
}

export const method = () => perRun(ofRun, 1);
