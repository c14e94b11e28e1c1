// Prints how many milliseconds a page takes from the navigation to its drawn charts, the median of 5:
//   node open.mjs PAGE
import { pathToFileURL } from 'node:url';
import { drawn, launch } from './chromium.mjs';

const browser = await launch();
const times = [];
for (let i = 0; i < 5; ++i) {
  const tab = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  await tab.goto(pathToFileURL(process.argv[2]).href);
  await drawn(tab);
  times.push(await tab.evaluate(() => performance.now()));
  await tab.close();
}
await browser.close();
console.log(times.sort((a, b) => a - b)[2].toFixed(0));
