// The pictures of README and docs, from a running portal in which `make demo` did its work:
//   make screenshots   (starts the demo, takes them, ends it)
// SLIPWAY_URL, SLIPWAY_USER and SLIPWAY_PASSWORD say where and who; they land in docs/screenshots, light and dark.
import { chromium, request } from '@playwright/test';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const url = process.env.SLIPWAY_URL ?? 'http://127.0.0.1:8080';
const [user, password] = [process.env.SLIPWAY_USER ?? 'admin', process.env.SLIPWAY_PASSWORD];
const folder = new URL('../docs/screenshots/', import.meta.url).pathname;
const APPROVER = 'mia';
mkdirSync(folder, { recursive: true });

/// Signs in; what calls the API.
async function signIn(context) {
  const headers = { Origin: url };
  const api = async (method, path, data = undefined) => {
    const answer = await context.fetch(`${url}/api/v1${path}`, { method, data, headers });
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer.status() === 204 ? undefined : answer.json();
  };
  await api('POST', '/session', { user, password });
  return api;
}

async function until(what, look, seconds = 240) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(300)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`${what}: not within ${seconds} s`);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});

/// Takes each page in both themes; `whole`: all of it, and not only what a window shows.
async function take(pages, whole = false) {
  for (const theme of ['light', 'dark']) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: theme });
    await signIn(context.request);
    const page = await context.newPage();
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(`${url}/teams/demo${path}`);
      await page.waitForFunction(() => document.documentElement.dataset.started !== undefined);
      // The live stream never ends, so the network never rests: wait for its first answers.
      await page.waitForTimeout(2000);
      await page.screenshot({ path: `${folder}${name}-${theme}.png`, fullPage: whole });
      console.log(`docs/screenshots/${name}-${theme}.png`);
    }
    await context.close();
  }
}

const context = await request.newContext();
const api = await signIn(context);
const team = (method, path, data) => api(method, `/teams/demo${path}`, data);
const run = (await team('GET', '/runs')).items.find((r) => r.state === 'succeeded');
if (!run) throw new Error('no run that succeeded: run the demo first');
await take({ run: `/runs/${run.id}`, deployment: '/deployments/digits' });

// Another version on its way to Production: its gates are green, and somebody else has to approve.
const known = (await api('GET', '/users?page_size=500')).items.some((u) => u.name === APPROVER);
if (!known) await api('POST', '/users', { name: APPROVER, password: randomBytes(18).toString('base64url') });
for (const member of [user, APPROVER]) await team('PUT', `/members/${member}`, { role: 'maintainer' });
const asks = (await team('GET', '/stages')).find((s) => s.stage === 'Production');
await team('PUT', '/stages/Production', {
  gates: ['val_accuracy >= 0.9', 'no worse val_accuracy maximize by 0.01 on any data', 'signature', 'smoke within 2000 ms'],
  approvals: 1, protect: true, revision: asks.revision,
});
const { version } = await team('POST', '/model-versions', { model: 'digits', run_id: run.id });
const { id } = await team('POST', '/promotions', { model: 'digits', version, stage: 'Production', comment: 'Trained on the digits of October.' });
await until('the gates', async () => (await team('GET', `/promotions/${id}`)).state === 'waiting_for_approval');
await team('POST', `/promotions/${id}/comments`, { comment: 'The same data as before, 40 epochs instead of 20.' });

// The same version takes a share of the traffic, and both are asked for a while.
await team('POST', '/deployments/digits/redeploy', { version, canary: 20 });
await until('the canary', async () => (await team('GET', '/deployments/digits')).canary?.percent === 20);
const { token } = await api('POST', '/tokens', { name: 'pictures', team: 'demo', role: 'viewer', expires_in: 3600 });
const { predict_path: path } = await team('GET', '/deployments/digits');
const { v1 } = await team('GET', '/deployments/digits/example');
// Charts have a point for each ten seconds.
for (let n = 0, end = Date.now() + 75_000; Date.now() < end; n += 1) {
  const answer = await context.post(`${url}${path}`, { data: v1, headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok()) throw new Error(`a prediction: ${answer.status()} ${await answer.text()}`);
  await sleep(40 + (n % 7) * 10);
}
await take({ promotion: `/promotions/${id}` });
await take({ serving: '/deployments/digits' }, true);
await context.dispose();
await browser.close();
