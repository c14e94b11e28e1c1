// The report page as a reader meets it: opened from a file in Chromium, by mouse, by keyboard, by a
// screen reader's tree, on a phone, at night and on paper; and pages of runs that would hurt it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { drawn, launch } from './chromium.mjs';

const { IPW_PROGRAM, IPW_PAGE_RUNS, IPW_TINY_MODEL } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8');
const SEVERAL = ['small', 'medium', 'wasteful', 'estimate', 'other'];

const folder = mkdtempSync(join(tmpdir(), 'ipw-page-'));
const place = (...names) => join(folder, ...names);
let browser;

function ipw(...words) {
  const { status, stdout, stderr } = spawnSync(IPW_PROGRAM, words, { cwd: folder, encoding: 'utf8', maxBuffer: 1e9 });
  assert.equal(status, 0, `ipw ${words.join(' ')}: ${stderr}`);
  return stdout;
}

const page = (name, ...runs) => ipw('report', ...runs, '--html', place(`${name}.html`));

before(async () => {
  execFileSync(IPW_PAGE_RUNS, [folder]);
  ipw(
    'profile',
    '--model',
    IPW_TINY_MODEL,
    '--dataset',
    'demo',
    '--max-tokens',
    '16',
    '--idle',
    '0.1',
    '--out',
    place('real')
  );
  page('real', 'real');
  page('medium', 'medium');
  page('several', ...SEVERAL);
  page('hostile', 'hostile');
  browser = await launch();
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** Opens a page for `use`; it may neither complain nor ask anybody for anything. */
async function open(name, use, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const tab = await context.newPage();
  const complaints = [];
  const requests = [];
  tab.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  tab.on('pageerror', (error) => complaints.push(error.message));
  tab.on('dialog', (dialog) => (complaints.push(`a dialog: ${dialog.message()}`), dialog.dismiss()));
  tab.on('request', (request) => requests.push(request.url()));
  await tab.goto(`file://${place(`${name}.html`)}`);
  await drawn(tab);
  try {
    await use(tab);
    assert.deepEqual(complaints, [], 'the console is silent');
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(`file://${folder}`) && !url.startsWith('blob:')),
      [],
      'nothing is asked of anybody'
    );
  } finally {
    await context.close();
  }
}

// Of many downloads in a row Chromium now and then drops one; a reader would press again, once.
async function downloaded(tab, button, again = true) {
  const press = Promise.all([tab.waitForEvent('download', { timeout: 15_000 }), button.click()]);
  const [download] = await press.catch((error) => {
    if (!again || error.name !== 'TimeoutError') throw error;
    return [null];
  });
  return download ? readFileSync(await download.path(), 'utf8') : downloaded(tab, button, false);
}

const sameNumber = (shown, expected, name) => assert.equal(shown === '' ? null : Number(shown), expected, name);

describe('the page of one run', () => {
  for (const run of ['real', 'medium']) {
    test(`of ${run} shows the numbers of --json in the words of the terminal`, () =>
      open(run, async (tab) => {
        const { figures } = JSON.parse(ipw('report', run, '--json')).runs[0];
        const terminal = ipw('report', run);
        const headline = await tab.$$eval('.card data', (all) =>
          all.map((d) => ({ name: d.dataset.figure, value: d.value, text: d.textContent }))
        );
        assert.equal(headline.length, 9);
        for (const { name, value, text } of headline) {
          sameNumber(value, figures[name].value, name);
          if (value !== '')
            assert.ok(terminal.includes(text.replace(/^[≈±°]/, '')), `${name}: ${text} stands in the terminal's table`);
        }
        const all = await tab.$$eval('[data-all]', (cells) => cells.map((d) => [d.dataset.all, d.value]));
        assert.deepEqual(all.map(([name]) => name).sort(), Object.keys(figures).sort());
        for (const [name, value] of all) sameNumber(value, figures[name].value, name);
      }));
  }

  test('has every chart, drawn', () =>
    open('medium', async (tab) => {
      const elements = await tab.$$eval('[data-chart]', (all) =>
        Object.fromEntries(
          all.map((f) => [
            f.dataset.chart,
            f.querySelectorAll('.area path, .area rect, .area circle, .area line').length,
          ])
        )
      );
      for (const name of [
        'accuracy-j_per_query',
        'accuracy-watts',
        'latency',
        'ttft',
        'power',
        'tasks-accuracy',
        'tasks-j_per_query',
        'tokens',
      ]) {
        assert.ok(elements[name] > 10, `${name}: ${elements[name]} elements`);
      }
      assert.equal(await tab.locator('.questions tbody tr').count(), 50);
      assert.equal(await tab.locator('[data-chart=power] .questions rect').count(), 240, 'a bar for each question');
    }));

  test('lets nothing out and nothing in', async () => {
    const asked = [];
    const server = createServer((request, response) => (asked.push(request.url), response.end('')));
    await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
    const context = await browser.newContext();
    const tab = await context.newPage();
    await tab.goto(`file://${place('medium.html')}`);
    const outcomes = await tab.evaluate(async (url) => {
      const image = new Image();
      const seen = new Promise(
        (done) => ((image.onload = () => done('loaded')), (image.onerror = () => done('refused')))
      );
      image.src = url;
      const script = document.createElement('script');
      script.textContent = 'window.hurt = true';
      document.body.append(script);
      const fetched = await fetch(url).then(
        () => 'fetched',
        () => 'refused'
      );
      navigator.sendBeacon(url);
      return [await seen, fetched, window.hurt ?? 'inert'];
    }, `http://127.0.0.1:${server.address().port}/`);
    await tab.waitForTimeout(300);
    server.close();
    await context.close();
    assert.deepEqual(outcomes, ['refused', 'refused', 'inert']);
    assert.deepEqual(asked, []);
  });

  test('is walked through by the Tab key in the order in which it stands', () =>
    open('medium', async (tab) => {
      await tab.keyboard.press('Tab');
      assert.equal(await tab.evaluate(() => document.activeElement.textContent), 'Skip to the figures');
      await tab.evaluate(() => (window.order = [...document.querySelectorAll('*')]));
      assert.equal(await tab.evaluate(() => order.filter((e) => e.tabIndex > 0).length), 0, 'nothing jumps the queue');
      let last = -1;
      let charts = 0;
      for (let i = 0; i < 400; ++i) {
        await tab.keyboard.press('Tab');
        const here = await tab.evaluate(() => ({
          at: order.indexOf(document.activeElement),
          chart: document.activeElement.matches('svg'),
          end: document.activeElement === document.body,
          ring: getComputedStyle(document.activeElement).outlineStyle,
        }));
        if (here.end || here.at < last) break;
        assert.notEqual(here.ring, 'none', 'where the focus is, is seen');
        last = here.at;
        charts += here.chart ? 1 : 0;
      }
      assert.equal(charts, 8, 'every chart is a stop');
    }));

  test('gives its charts to the arrow keys and its questions to Enter', () =>
    open('medium', async (tab) => {
      const chart = tab.locator('[data-chart=power]');
      await chart.locator('.area > svg').focus();
      await tab.keyboard.press('ArrowRight');
      await tab.keyboard.press('ArrowRight');
      assert.match(await chart.locator('output').textContent(), /[✓✗?] \w+, .* J/);
      await tab.keyboard.press('Enter');
      assert.match(await tab.locator('dialog[open]').textContent(), /Asked.*Answer.*Judged.*Cost.*Trace/s);
      await tab.keyboard.press('Escape');
      assert.equal(await tab.locator('dialog[open]').count(), 0);
      assert.ok(
        await chart.locator('.area > svg').evaluate((svg) => svg === document.activeElement),
        'the focus is where it was'
      );
    }));

  test('shows the trace of a question that was asked twice', () =>
    open('medium', async (tab) => {
      await tab.locator('.questions th', { hasText: 'Attempts' }).getByRole('button').click();
      await tab.locator('.questions .open').first().click();
      assert.equal(await tab.locator('dialog .trace > li').count(), 2);
      assert.match(await tab.locator('dialog .trace').textContent(), /missing.*connection reset by peer/s);
    }));

  test('sorts and filters its questions, and comes to them from a chart', () =>
    open('medium', async (tab) => {
      const joules = tab.locator('.questions th', { hasText: 'Joules' });
      await joules.getByRole('button').click();
      assert.equal(await joules.getAttribute('aria-sort'), 'descending');
      const { rows } = JSON.parse(await tab.locator('#sheet').textContent());
      const most = Math.max(...rows.map((row) => row.joules));
      const first = await tab.locator('.questions tbody tr').first().locator('td').nth(5).textContent();
      assert.ok(Math.abs(parseFloat(first) - most) < 0.01 * most, `${first} is the most, ${most}`);
      const shown = () => tab.locator('.pager output').textContent();
      await tab.getByLabel('Verdict').selectOption('incorrect');
      assert.match(await shown(), new RegExp(`of ${rows.filter((row) => row.outcome === 'incorrect').length}$`));
      await tab.getByLabel('Verdict').selectOption('');
      await tab.getByLabel('Search').fill('Question 17 of');
      await tab.waitForFunction(() => document.querySelectorAll('.questions tbody tr').length === 1);
      await tab.getByLabel('Search').fill('');
      await tab.waitForFunction(() => document.querySelectorAll('.questions tbody tr').length === 50);
      await tab
        .locator('[data-chart=tasks-accuracy] .tasks-0 rect')
        .first()
        .click({ position: { x: 5, y: 3 } });
      assert.match(await shown(), /of 48$/);
      await tab.locator('.chip button').click();
      assert.match(await shown(), /of 240$/);
    }));

  test('hands out each chart as SVG and CSV', () =>
    open('medium', async (tab) => {
      for (const name of await tab.$$eval('[data-chart]', (all) => all.map((f) => f.dataset.chart))) {
        const chart = tab.locator(`[data-chart="${name}"]`);
        const svg = await downloaded(tab, chart.getByRole('button', { name: 'save as SVG' }));
        assert.doesNotMatch(svg, /var\(|<script/, name);
        const fault = await tab.evaluate(
          (text) =>
            new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')?.textContent ?? null,
          svg
        );
        assert.equal(fault, null, name);
        const csv = await downloaded(tab, chart.getByRole('button', { name: 'save as CSV' }));
        assert.ok(csv.split('\r\n').length > 3, name);
        if (name === 'tasks-accuracy') {
          const { tasks } = JSON.parse(ipw('report', 'medium', '--by', 'task', '--json')).runs[0];
          for (const line of csv.trim().split('\r\n').slice(1)) {
            const [task, , value, low, high] = line.split(',');
            const { accuracy } = tasks[task];
            assert.deepEqual([value, low, high].map(Number), [accuracy.value, accuracy.low, accuracy.high], task);
          }
        }
        if (name !== 'latency') continue;
        const answers = csv
          .trim()
          .split('\r\n')
          .slice(1)
          .reduce((sum, line) => sum + Number(line.split(',')[3]), 0);
        assert.equal(answers, 240, 'the histogram counts every answer once');
      }
      const questions = await downloaded(tab, tab.getByRole('button', { name: 'Save these questions as CSV' }));
      assert.equal(questions.trim().split('\r\n').length, 241);
    }));

  test('says its figures where script is off', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const tab = await context.newPage();
    await tab.goto(`file://${place('medium.html')}`);
    assert.match(await tab.locator('noscript').textContent(), /accuracy/);
    await context.close();
  });
});

describe('the page of several runs', () => {
  test('has the numbers of --json in one table', () =>
    open('several', async (tab) => {
      const { runs } = JSON.parse(ipw('report', ...SEVERAL, '--json'));
      for (const [i, { figures }] of runs.entries()) {
        const cells = await tab.$$eval(`.comparison data[data-run="${i}"]`, (all) =>
          all.map((d) => [d.dataset.figure, d.value])
        );
        assert.equal(cells.length, 9);
        for (const [name, value] of cells) sameNumber(value, figures[name].value, `${SEVERAL[i]} ${name}`);
      }
    }));

  test('pairs every run with the first as ipw compare does', () =>
    open('several', async (tab) => {
      const rows = await tab.$$eval('table:has([data-paired]) tbody tr', (all) =>
        all.map((row) => [...row.querySelectorAll('data')].map((d) => [d.dataset.paired, d.value]))
      );
      assert.equal(rows.length, SEVERAL.length - 1);
      for (const [i, cells] of rows.entries()) {
        const { figures } = JSON.parse(ipw('compare', SEVERAL[i + 1], 'small', '--json'));
        assert.equal(cells.length, 4);
        for (const [name, value] of cells) {
          const figure = figures[name] ?? figures[name.replace('_ratio', '_active_ratio')];
          sameNumber(value, figure.value, `${SEVERAL[i + 1]} ${name}`);
        }
      }
    }));

  test('draws a frontier through those that compare, and says who does not', () =>
    open('several', async (tab) => {
      const chart = tab.locator('[data-chart=accuracy-j_per_query]');
      assert.equal(await chart.locator('.frontier path').count(), 1);
      assert.equal(await chart.locator('.runs circle').count(), 5);
      assert.equal(await chart.locator('.runs circle[fill="var(--paper)"]').count(), 1, 'the estimate is hollow');
      const front = (await chart.locator('tbody tr').allTextContents()).filter((row) => row.endsWith('yes'));
      assert.deepEqual(
        front.map((row) => row.split('.')[0]),
        ['small', 'medium'],
        'wasteful is beaten, the others are of another kind'
      );
      assert.match(await tab.locator('.warnings').textContent(), /question files differ.*different sources/s);
    }));

  test('leads from a question to the same one in another run', () =>
    open('several', async (tab) => {
      await tab.locator('.questions .open').first().click();
      assert.ok((await tab.locator('dialog .others button').count()) >= 3);
      await tab.locator('dialog .others button').first().click();
      assert.ok(await tab.locator('dialog[open]').isVisible());
    }));

  test('prints the charts of every run, opened on the screen or not', () =>
    open('several', async (tab) => {
      const empty = () =>
        tab.$$eval('.of-run', (all) => all.filter((run) => !run.querySelector('.area > svg, .method')).length);
      assert.ok((await empty()) > 0);
      await tab.evaluate(() => dispatchEvent(new Event('beforeprint')));
      assert.equal(await empty(), 0);
      assert.ok((await tab.pdf({ format: 'A4' })).length > 50_000);
    }));
});

describe('a page for everybody', () => {
  for (const [name, colorScheme] of [
    ['medium', 'light'],
    ['medium', 'dark'],
    ['several', 'light'],
  ]) {
    test(`of ${name} has the contrast and the labels that axe asks for, ${colorScheme}`, () =>
      open(
        name,
        async (tab) => {
          await tab.evaluate(AXE);
          const check = async () => {
            const { violations } = await tab.evaluate(() =>
              axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })
            );
            assert.deepEqual(
              violations.map(
                ({ id, nodes }) =>
                  `${id}: ${nodes
                    .slice(0, 3)
                    .map((n) => `${n.html.slice(0, 160)} ${n.failureSummary}`)
                    .join(' | ')}`
              ),
              []
            );
          };
          await tab.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
          await check();
          await tab.locator('.questions .open').first().click();
          await check();
        },
        { colorScheme }
      ));
  }
});

// Colours by what they are for, as the reader's system and the medium want them.
const DAY = {
  scheme: 'light',
  paper: 'rgb(255, 255, 255)',
  ink: 'rgb(27, 31, 36)',
  muted: 'rgb(90, 98, 107)',
  accent: 'rgb(11, 107, 111)',
};
const NIGHT = {
  scheme: 'dark',
  paper: 'rgb(21, 24, 27)',
  ink: 'rgb(230, 233, 236)',
  muted: 'rgb(162, 170, 179)',
  accent: 'rgb(94, 196, 192)',
};
const PRINT = { ...DAY, ink: 'rgb(0, 0, 0)', muted: 'rgb(68, 74, 80)' };

// What is asked for, of which element, in which colour.
const COLOURS = [
  ['body', 'background-color', 'paper'],
  ['body', 'color', 'ink'],
  ['h1', 'color', 'ink'],
  ['h2', 'color', 'ink'],
  ['.subtitle', 'color', 'muted'],
  ['.brand', 'color', 'accent'],
  ['.card:first-child .big', 'color', 'accent'],
  ['.card:nth-child(2) .big', 'color', 'ink'],
  ['.interval', 'color', 'muted'],
  ['thead th', 'color', 'muted'],
  ['.questions tbody td', 'color', 'ink'],
  ['.verdict.correct', 'color', 'accent'],
  ['.plot [aria-label$="axis tick label"]', 'fill', 'muted'],
  ['footer', 'color', 'muted'],
  ['.filters select', 'background-color', 'paper'],
  ['html', 'color-scheme', 'scheme'],
];

describe('a page in its colours', () => {
  for (const [what, media, colorScheme, wanted] of [
    ['by day', 'screen', 'light', DAY],
    ['where the system has no opinion', 'screen', 'no-preference', DAY],
    ['by night', 'screen', 'dark', NIGHT],
    ['on paper', 'print', 'light', PRINT],
    ['on paper, printed by night', 'print', 'dark', PRINT],
  ]) {
    for (const name of ['medium', 'several']) {
      test(`of ${name} ${what}`, () =>
        open(
          name,
          async (tab) => {
            await tab.emulateMedia({ media, colorScheme });
            const seen = await tab.evaluate(
              (colours) =>
                colours.map(([selector, property]) => {
                  const element = document.querySelector(selector);
                  return element && getComputedStyle(element).getPropertyValue(property);
                }),
              COLOURS
            );
            COLOURS.forEach(([selector, property, use], i) => {
              if (seen[i] === null && name !== 'medium') return; // several runs have no cards
              assert.equal(seen[i], wanted[use], `${selector}: ${property}`);
            });
          },
          { colorScheme }
        ));
    }
  }
});

describe('a page that might break', () => {
  for (const [name, runs, words] of [
    ['nothing', ['empty'], /nothing was asked yet/i],
    ['single', ['one'], /1 record\b/],
    ['unfinished', ['half'], /140 questions are not asked yet/],
    ['dark', ['unmetered'], /no energy was measured/],
    ['mixture', ['small', 'unmetered', 'empty', 'one', 'half', 'other'], /concurrency differs/],
  ]) {
    test(`of ${runs.join(', ')} opens and says what is missing`, () => {
      page(name, ...runs);
      return open(name, async (tab) => assert.match(await tab.locator('body').textContent(), words));
    });
  }

  test('of hostile texts shows them and runs nothing', () => {
    assert.ok(statSync(place('hostile.html')).size < 3e6, 'ten megabytes of one line are cut');
    return open('hostile', async (tab) => {
      assert.equal(await tab.locator('script').count(), 3, 'two documents and the script of the page');
      assert.equal(await tab.locator('main img, main b').count(), 0);
      const count = await tab.locator('.questions .open').count();
      assert.equal(count, 40);
      let shown = '';
      for (let i = 0; i < count; ++i) {
        await tab.locator('.questions .open').nth(i).click();
        shown += await tab.locator('dialog').textContent();
        assert.equal(await tab.locator('dialog img, dialog script').count(), 0);
        await tab.keyboard.press('Escape');
      }
      for (const text of [
        '</script><script>window.hurt = 1',
        'bytes are cut here',
        'שלום مرحبا',
        '👩‍👩‍👧‍👦',
        ' broken ',
        '=HYPERLINK',
        '__proto__',
      ]) {
        assert.ok(shown.includes(text), text);
      }
      assert.equal(await tab.evaluate(() => window.hurt), undefined);
      const csv = await downloaded(tab, tab.getByRole('button', { name: 'Save these questions as CSV' }));
      assert.match(csv, /'=HYPERLINK/, 'no spreadsheet takes it for a formula');
    });
  });

  for (const name of ['medium', 'several', 'hostile']) {
    test(`of ${name} fits a phone`, () =>
      open(name, async (tab) => assert.ok((await tab.evaluate(() => document.documentElement.scrollWidth)) <= 390), {
        viewport: { width: 390, height: 844 },
        hasTouch: true,
      }));
  }

  test('leaves nothing behind where it cannot be written', () => {
    for (const [file, status, words] of [
      ['small', 1, /folder or a device/],
      ['no/such/folder.html', 1, /cannot write/],
      ['/dev/full', 1, /device/],
    ]) {
      const ended = spawnSync(IPW_PROGRAM, ['report', 'small', '--html', file], { cwd: folder, encoding: 'utf8' });
      assert.equal(ended.status, status, file);
      assert.match(ended.stderr, words);
      assert.equal(ended.stdout, '');
    }
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      []
    );
  });
});
