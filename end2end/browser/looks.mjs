// Looking at a page: in a theme and a width, or in all of them.
import { expect } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/// Pictures for a person: of each look where they are asked for, otherwise of those that found something.
const SHOTS = process.env.SHOTS ?? (process.env.LOOKS === 'all' ? 'shots' : '');
/// Neighbours differ in one thing, so that little is laid out anew. A theme changes colours alone: where only it is another, axe looks
/// at colours only.
const ALL = [['light', 1440, 'all'], ['dark', 1440, 'colours'], ['dark', 390, 'all'], ['light', 390, 'colours']];

/// LOOKS=all looks at each page in both themes, wide and narrow. Otherwise it has one of the four: by its path, and another in each state
/// that it is seen in, so that most pages have all four.
const looksOf = (state, path) => {
  if (process.env.LOOKS === 'all') return ALL;
  const sum = [...path].reduce((n, c) => n + c.charCodeAt(0), 0);
  const [theme, width] = ALL[(sum + ['many', 'one', 'none', 'failing'].indexOf(state)) % 4];
  return [[theme, width, 'all']];
};

/// Before a page is opened that shall be looked at: axe comes with it, past its content security policy, as an extension of the browser would.
export const prepare = (page) => page.addInitScript(AXE);

/// Looks at a page: nothing scrolls sideways, axe finds nothing. How many looks it took. `state`: what there is, or fails.
export async function look(page, state, place) {
  const name = `${state}-${place.replace(/\b[0-9a-f]{32}\b/, 'id').replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '') || 'start'}`;
  const looks = looksOf(state, place.replace(/[0-9a-f]{32}/g, ''));
  for (const [theme, width, rules] of looks) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: width < 500 ? 844 : 900 });
    const found = await page.evaluate(inspect, rules);
    expect.soft(found, `${name}, ${theme}, ${width} wide`).toEqual([]);
    const folder = SHOTS || (found.length > 0 ? 'shots' : '');
    if (folder) await page.screenshot({ path: path.join(folder, `${name}-${theme}-${width}.jpg`), type: 'jpeg', quality: 70 });
  }
  return looks.length;
}

/// Runs in the page: what axe finds, and how far the page scrolls sideways.
async function inspect(rules) {
  const root = document.documentElement;
  // Chromium keeps some inherited colours of the theme before, as scripts see them, until all is laid out anew.
  root.style.display = 'none';
  root.getBoundingClientRect();
  root.style.display = '';
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  // What a list repeats is seen by its first rows. Axe asks each element whether it can be seen, and so is spared the others.
  const more = [...document.querySelectorAll('tr:nth-child(n+7):not([hidden]), li:nth-child(n+13):not([hidden])')];
  for (const row of more) row.hidden = true;
  const { violations } = await window.axe.run(document, {
    resultTypes: ['violations'],
    selectors: false,
    ...(rules === 'colours' ? { runOnly: ['color-contrast', 'link-in-text-block'] } : {}),
  });
  for (const row of more) row.hidden = false;
  const told = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
  const sideways = root.scrollWidth - root.clientWidth;
  return sideways > 0 ? [...told, `the page scrolls sideways by ${sideways} px`] : told;
}
