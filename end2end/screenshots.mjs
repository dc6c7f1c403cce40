// The pictures of the README, from a running portal in which `make demo` did its work:
//   make screenshots   (starts the demo, takes them, ends it)
// SLIPWAY_URL, SLIPWAY_USER and SLIPWAY_PASSWORD say where and who; they land in docs/screenshots, light and dark.
import { chromium } from '@playwright/test';
import { mkdirSync } from 'node:fs';

const url = process.env.SLIPWAY_URL ?? 'http://127.0.0.1:8080';
const [user, password] = [process.env.SLIPWAY_USER ?? 'admin', process.env.SLIPWAY_PASSWORD];
const folder = new URL('../docs/screenshots/', import.meta.url).pathname;
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});
for (const theme of ['light', 'dark']) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: theme });
  const page = await context.newPage();
  const signedIn = await context.request.post(`${url}/api/v1/session`, { data: { user, password }, headers: { Origin: url } });
  if (!signedIn.ok()) throw new Error(`sign-in: ${signedIn.status()}`);
  const api = async (path) => (await context.request.get(`${url}/api/v1/teams/demo/${path}`, { headers: { Origin: url } })).json();
  const run = (await api('runs')).items.find((r) => r.state === 'succeeded');
  if (!run) throw new Error('no run that succeeded: run the demo first');
  const pages = { run: `/runs/${run.id}`, deployment: '/deployments/digits' };
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(`${url}/teams/demo${path}`);
    await page.waitForFunction(() => document.documentElement.dataset.started !== undefined);
    // The live stream never ends, so the network never rests: wait for its first answers.
    await page.waitForTimeout(2000);
    await page.screenshot({ path: `${folder}${name}-${theme}.png` });
    console.log(`docs/screenshots/${name}-${theme}.png`);
  }
  await context.close();
}
await browser.close();
