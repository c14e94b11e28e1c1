// Debian's Chromium, without what it would ask the network for by itself.
import { chromium } from 'playwright-core';

export const launch = () =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** Waits until the page has built itself and every chart that can be seen is drawn. */
export async function drawn(tab) {
  await tab.waitForFunction(() => document.documentElement.dataset.ready !== undefined);
  await tab.waitForFunction(() =>
    [...document.querySelectorAll('.area')].every((area) => area.firstElementChild || !area.checkVisibility())
  );
}
