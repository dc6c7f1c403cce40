// A pipeline by hand: upload, run with parameters, watch, read a task's log, see why one failed, retry, the end of it, and a schedule.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { admin, program, team, until, url } from './api.mjs';
import { listen, open, signIn } from './pages.mjs';
import { asks, numbers } from './pipelines.mjs';

const TEAM = 'flow';

test('a pipeline from its file to its end', async ({ page }) => {
  // What it waits for is a file of this machine, which pods do not see.
  test.skip(!!process.env.TEST_CLUSTER_NODE, 'its tasks read a file of this machine');
  test.setTimeout(1_200_000);
  const heard = listen(page);
  await team(TEAM);
  const send = await program(TEAM);
  const api = (path, method = 'GET', body = undefined) => send(method, `/api/v1/teams/${TEAM}${path}`, body);
  const here = (path) => `${url()}/teams/${TEAM}${path}`;
  const head = page.locator('.head');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-pipelines-'));
  const marker = path.join(folder, 'marker');
  const box = (name) => page.locator('.graph a.node', { hasText: name });

  await test.step('what kfp compiled is uploaded from its file', async () => {
    await signIn(page, `/teams/${TEAM}/pipelines`);
    await open(page, here('/pipelines'));
    await page.locator('.head').getByRole('link', { name: 'Upload pipeline' }).click();
    const sheet = page.getByRole('dialog', { name: 'Upload pipeline' });
    const file = path.join(folder, 'numbers.json');
    writeFileSync(file, numbers());
    await sheet.getByLabel('File').setInputFiles(file);
    await expect(sheet.getByLabel('What kfp compiled')).toHaveValue(/Counts, waits for a marker/);
    await sheet.getByRole('button', { name: 'Upload' }).click();
    await page.waitForURL('**/pipelines/numbers');
    await expect(head).toContainText('numbers');
    await expect(page.getByText('Nothing of it ran yet.')).toBeVisible();
  });

  await test.step('what is no pipeline is refused beside the field', async () => {
    await open(page, here('/pipelines/numbers?upload=1'));
    const sheet = page.getByRole('dialog', { name: 'New version of numbers' });
    await sheet.getByLabel('What kfp compiled').fill('name: x\nimplementation: {}\n');
    await sheet.getByRole('button', { name: 'Upload' }).click();
    await expect(sheet.getByRole('alert')).toContainText('component, not a pipeline');
  });

  await test.step('it is run with parameters, of which a wrong one is said', async () => {
    await open(page, here('/pipelines/numbers'));
    await head.getByRole('link', { name: 'Run', exact: true }).click();
    await expect(page.getByText('How many rows to make. A whole number.')).toBeVisible();
    await expect(page.getByLabel('loud')).toHaveValue('false');
    await page.getByLabel('rows').fill('3');
    await page.getByLabel('marker').fill(marker);
    await page.getByLabel('loud').selectOption('true');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL('**/pipeline-runs/*');
  });
  const id = new URL(page.url()).pathname.split('/').pop();

  await test.step('one task fails, and the page says why without being asked', async () => {
    await expect(head).toContainText('Failed', { timeout: 360_000 });
    await expect(box('count')).toHaveAccessibleName('count: succeeded');
    await expect(box('gate')).toHaveAccessibleName('gate: failed');
    await expect(box('tell')).toHaveAccessibleName('tell: skipped');
    const card = page.locator('section.card', { has: page.getByRole('heading', { name: 'gate' }) });
    await expect(card).toContainText('Failed');
    await expect(page.getByRole('log')).toContainText('the marker is not there');
  });

  await test.step('arrows go from box to box, Tab past all of them', async () => {
    const focus = page.locator(':focus');
    await box('count').focus();
    const first = await focus.getAttribute('data-key');
    await page.keyboard.press('ArrowRight');
    const next = await focus.getAttribute('data-key');
    expect(next).toMatch(/^(node|fold)-/);
    expect(next).not.toBe(first);
    await page.keyboard.press('Tab');
    await expect(page.locator('.graph footer a:focus')).toHaveCount(1);
    await page.keyboard.press('Shift+Tab');
    await expect(focus).toHaveAttribute('data-key', next);
  });

  await test.step('one that was skipped says because of what', async () => {
    await box('tell').click();
    await page.waitForURL(/task=/);
    await page.getByText('Why?').click();
    await expect(page.locator('details.why')).toContainText('gate failed');
  });

  await test.step('another task: what went in, what came out, its log and its file', async () => {
    await box('count').click();
    await page.waitForURL(/task=/);
    await expect(page.locator('section.card', { has: page.getByRole('heading', { name: 'Inputs' }) })).toContainText('3');
    const outputs = page.locator('section.card', { has: page.getByRole('heading', { name: 'Outputs' }) });
    await expect(outputs).toContainText('6');
    await expect(outputs).toContainText('Dataset');
    await expect(page.getByRole('log')).toContainText('made 3 rows');
    await expect(page.getByRole('log')).toContainText('Earlier lines are in the download');
    await page.getByRole('searchbox', { name: 'Search the log' }).fill('line 129000 ');
    await page.getByRole('searchbox', { name: 'Search the log' }).press('Enter');
    await expect(page.getByRole('log')).toContainText('line 129000 ....');
    await expect(page.getByRole('log')).not.toContainText('line 129001 ');
    const [whole] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()]);
    expect(readFileSync(await whole.path(), 'utf8')).toContain('line 0 ....');
    await outputs.getByRole('link', { name: 'Preview table' }).click();
    await page.waitForURL(/view=out/);
    await expect(outputs.locator('.look pre')).toHaveText('row\nrow\nrow\n');
    await outputs.getByRole('link', { name: 'Close table' }).click();
    await expect(outputs.locator('.look')).toHaveCount(0);
    await outputs.getByRole('link').first().click();
    await page.waitForURL(/tab=artifacts/);
    await expect(page.getByRole('navigation', { name: 'Files' })).toContainText('table');
    await page.getByRole('link', { name: 'Overview' }).click();
    await expect(page.locator('section.card', { hasText: 'Executed' })).toContainText('as the task count of the pipeline run');
    await expect(page.getByRole('log')).toContainText('made 3 rows');
  });

  await test.step('the failed one is retried, and only what did not succeed is done again', async () => {
    await open(page, here(`/pipeline-runs/${id}`));
    writeFileSync(marker, '');
    await page.getByRole('button', { name: 'Retry failed task' }).click();
    await expect(head).toContainText('Succeeded', { timeout: 360_000 });
    await box('tell').click();
    await expect(page.getByRole('log')).toContainText('in all 6!');
    const tasks = await api(`/pipeline-runs/${id}/tasks`);
    const attempts = Object.fromEntries(tasks.map((t) => [t.name, [t.state, t.attempt]]));
    expect(attempts).toEqual({ count: ['succeeded', 1], gate: ['succeeded', 2], tell: ['succeeded', 1] });
    await box('gate').click();
    await page.getByText('Why?').click();
    await expect(page.locator('details.why')).toContainText('Attempt 1: ');
  });

  await test.step('the address that kfp prints leads there', async () => {
    await page.goto(`${url()}/#/runs/details/${id}`, { waitUntil: 'commit' });
    await page.waitForURL(`**/teams/${TEAM}/pipeline-runs/${id}`);
    await expect(head).toContainText('Succeeded');
  });

  await test.step('timeline, parameters, artifacts', async () => {
    const tabs = page.getByRole('navigation', { name: 'Parts of the pipeline run' });
    await tabs.getByRole('link', { name: 'Timeline' }).click();
    await expect(page.locator('ol.timeline li')).toHaveCount(3);
    await tabs.getByRole('link', { name: 'Artifacts' }).click();
    await expect(page.getByRole('table', { name: 'Artifacts' })).toContainText('table');
    await tabs.getByRole('link', { name: 'Parameters' }).click();
    await expect(page.getByRole('table', { name: 'Parameters' })).toContainText(marker);
  });

  await test.step('again with another parameter: what is the same is taken over', async () => {
    await page.getByRole('link', { name: 'Run again with others' }).click();
    await page.waitForURL('**/again');
    await expect(page.getByLabel('rows')).toHaveValue('3');
    await page.getByLabel('loud').selectOption('false');
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.waitForURL((u) => /pipeline-runs\/[0-9a-f]+$/.test(u.pathname) && !u.pathname.endsWith(id));
    await expect(head).toContainText('Succeeded', { timeout: 360_000 });
    await expect(box('count')).toHaveAccessibleName('count: cached');
    await expect(box('tell')).toHaveAccessibleName('tell: succeeded');
  });

  await test.step('both runs are ticked, and stand beside each other', async () => {
    await open(page, here('/pipelines/numbers'));
    const ticks = page.getByRole('checkbox', { name: /^Compare / });
    await expect(ticks).toHaveCount(2);
    await ticks.first().check();
    await page.getByRole('button', { name: 'Compare' }).click();
    await expect(page.getByText('tick another one')).toBeVisible();
    await open(page, here('/pipelines/numbers'));
    for (const tick of await ticks.all()) await tick.check();
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.waitForURL(/compare\?pick=/);
    await expect(page.getByRole('table', { name: 'Parameters' }).getByRole('row', { name: /loud/ })).toContainText('differs');
    await expect(page.getByRole('table', { name: 'Tasks' }).getByRole('row', { name: /count/ })).toContainText('Cached');
    await expect(page.getByRole('table', { name: 'Inputs and outputs that differ' })).toContainText('Input loud');
  });

  await test.step('two versions are ticked, and the line that changed is shown', async () => {
    await api('/pipelines/numbers/versions', 'POST', { name: 'patient', spec: numbers().replace('looking for', 'waiting for') });
    await open(page, here('/pipelines/numbers?tab=versions'));
    for (const tick of await page.getByRole('checkbox', { name: /^Compare version/ }).all()) await tick.check();
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.waitForURL(/tab=diff/);
    await expect(page.getByText('1 task changed, 2 tasks the same')).toBeVisible();
    const patch = page.getByRole('region', { name: 'Lines of Code' });
    await expect(patch.locator('del')).toContainText('looking for');
    await expect(patch.locator('ins')).toContainText('waiting for');
  });

  await test.step('what waits is terminated, and put away', async () => {
    const slow = JSON.parse(numbers('slow'));
    slow.deploymentSpec.executors['exec-gate'].container.args = ['3600'];
    slow.deploymentSpec.executors['exec-gate'].container.command = ['sleep'];
    const { id } = await api('/pipeline-runs', 'POST', { spec: JSON.stringify(slow), parameters: { rows: 1, marker } });
    await open(page, here(`/pipeline-runs/${id}`));
    await expect(box('gate')).toHaveAccessibleName('gate: running', { timeout: 180_000 });
    await page.getByRole('button', { name: 'Terminate' }).click();
    await expect(head).toContainText('Cancelled', { timeout: 180_000 });
    await page.getByRole('button', { name: 'Archive' }).click();
    await expect(head).toContainText('archived');
    await until('it left the list', async () => !(await api('/pipeline-runs')).items.some((r) => r.id === id));
  });

  await test.step('the list tells how it went', async () => {
    await open(page, here('/pipelines'));
    const row = page.getByRole('row', { name: /numbers/ });
    await expect(row).toContainText('2 of 2');
    await expect(row.getByRole('img')).toHaveAccessibleName('Last runs, oldest first: Succeeded, Succeeded');
  });

  await test.step('it is scheduled: what is typed is said in words, and what is wrong beside its field', async () => {
    await open(page, here('/pipelines/numbers'));
    await head.getByRole('link', { name: 'Schedule' }).click();
    const soon = page.getByRole('status', { name: 'The next times' });
    await expect(soon).toContainText('Every day at 02:00, UTC');
    await page.getByLabel('Cron', { exact: true }).fill('0 30 6 * * MON-FRI');
    await page.getByLabel('Time zone').fill('Europe/Berlin');
    await expect(soon).toContainText('Every weekday at 06:30, Europe/Berlin');
    await expect(soon.getByRole('listitem')).toHaveCount(5);
    await expect(page.getByText("--cron '0 30 6 * * MON-FRI' --time-zone Europe/Berlin")).toBeVisible();
    await page.getByLabel('rows').fill('1');
    await page.getByLabel('marker').fill(marker);
    await page.getByLabel('Cron', { exact: true }).fill('30 6 * * *');
    await expect(soon).toContainText('it begins with the seconds');
    await page.getByRole('button', { name: 'Schedule', exact: true }).click();
    await expect(page.getByRole('alert')).toContainText('it begins with the seconds');
    await page.getByLabel('When it runs').selectOption('interval');
    await expect(page.getByLabel('Cron', { exact: true })).toBeHidden();
    await page.getByLabel('Seconds from one run to the next').fill('1');
    await expect(soon).toContainText('Every second');
    await page.getByLabel('Name', { exact: true }).fill('often');
    await page.getByRole('button', { name: 'Schedule', exact: true }).click();
    await page.waitForURL('**/recurring-runs/*');
  });

  await test.step('it runs by itself, is switched off, run out of turn, changed and deleted', async () => {
    const address = page.url();
    const runs = page.getByRole('table', { name: 'Pipeline runs' }).getByRole('row');
    await expect(runs.filter({ hasText: 'Succeeded' }).first()).toContainText('often', { timeout: 360_000 });
    await page.getByRole('button', { name: 'Switch off often' }).click();
    await expect(head).toContainText('Off');
    await expect(page.getByText('It is switched off: no time makes a run.')).toBeVisible();
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.waitForURL('**/pipeline-runs/*');
    await page.getByRole('link', { name: 'recurring run' }).click();
    await page.waitForURL(address);
    await head.getByRole('link', { name: 'Edit' }).click();
    await page.getByLabel('When it runs').selectOption('cron');
    await page.getByLabel('Cron', { exact: true }).fill('@daily');
    await page.getByLabel('Version').selectOption('newest');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL(address);
    await expect(head).toContainText('Every day at 00:00, Europe/Berlin');
    await page.getByRole('button', { name: 'Switch on often' }).click();
    await expect(page.getByText('tomorrow at 00:00')).toBeVisible();
    await head.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog', { name: 'Delete often' }).getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL('**/recurring-runs');
    await expect(page.getByText('No pipeline runs by itself yet')).toBeVisible();
  });

  // What was refused is said by the browser too.
  expect(heard.filter((h) => !h.includes('status of 422'))).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

test('a pipeline asks, and is answered from Home', async ({ page }) => {
  const heard = listen(page);
  await team('asking');
  const send = await program('asking');
  const { id } = await send('POST', '/api/v1/teams/asking/pipeline-runs', { spec: asks() });
  await signIn(page, '/teams/asking');
  const waiting = page.locator('section.card', { hasText: 'Waiting for your approval' });
  await waiting.getByRole('link', { name: 'Ship the model?' }).click({ timeout: 180_000 });
  await page.getByLabel('Comment').fill('It is good.');
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await expect(page.getByText('Approved by')).toBeVisible({ timeout: 180_000 });
  await page.locator('.graph a.node', { hasText: 'tell' }).click();
  await expect(page.getByText('Tell everybody?').first()).toBeVisible({ timeout: 180_000 });
  await page.getByRole('button', { name: 'Refuse', exact: true }).click();
  await expect(page.locator('.head')).toContainText('Failed', { timeout: 180_000 });
  const tasks = await send('GET', `/api/v1/teams/asking/pipeline-runs/${id}/tasks`);
  expect(tasks.map((t) => [t.name, t.state, t.reason ?? ''])).toEqual([['ship', 'succeeded', ''], ['tell', 'failed', 'Refused by ada.']]);

  // What is typed for one question is not said to another, and stays while the page is read again.
  const both = await send('POST', '/api/v1/teams/asking/pipeline-runs', { spec: asks('both', []) });
  await open(page, `${url()}/teams/asking/pipeline-runs/${both.id}`);
  const box = (name) => page.locator('.graph a.node', { hasText: name });
  const comment = page.getByLabel('Comment');
  await box('ship').click();
  await expect(page.getByText('Ship the model?').first()).toBeVisible({ timeout: 180_000 });
  await comment.fill('For the model alone.');
  const { id: tell } = (await send('GET', `/api/v1/teams/asking/pipeline-runs/${both.id}/tasks`)).find((t) => t.name === 'tell');
  await (await admin())('POST', `/api/v1/teams/asking/pipeline-runs/${both.id}/tasks/${tell}/approve`, {});
  await expect(box('tell')).toHaveAccessibleName('tell: succeeded', { timeout: 180_000 });
  await expect(comment).toHaveValue('For the model alone.');
  const again = await send('POST', '/api/v1/teams/asking/pipeline-runs', { spec: asks('both', []) });
  await open(page, `${url()}/teams/asking/pipeline-runs/${again.id}`);
  await box('ship').click();
  await expect(page.getByText('Ship the model?').first()).toBeVisible({ timeout: 180_000 });
  await comment.fill('For the model alone.');
  await box('tell').click();
  await expect(page.getByText('Tell everybody?').first()).toBeVisible({ timeout: 180_000 });
  await expect(comment).toHaveValue('');
  await send('POST', `/api/v1/teams/asking/pipeline-runs/${both.id}/cancel`, {});
  await send('POST', `/api/v1/teams/asking/pipeline-runs/${again.id}/cancel`, {});
  expect(heard).toEqual([]);
});

test('HTML of a run is laid out in a frame that runs and loads nothing', async ({ page }) => {
  const heard = listen(page);
  await team('paper');
  const send = await program('paper');
  const { run } = await send('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0', run_name: 'report', start_time: 1_790_000_000_000 });
  const asked = [];
  const elsewhere = createServer((request, answer) => answer.end(String(asked.push(request.url)))).listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const html = `<!doctype html><style>h1 { color: rgb(1, 2, 3) }</style><h1>Report</h1><p id="by">still</p>
    <img alt="far" src="http://127.0.0.1:${elsewhere.address().port}/x.png"><script>document.getElementById('by').textContent = 'ran';</script>`;
  const { experiment_id: experiment, run_id: id } = run.info;
  await send('PUT', `/api/2.0/mlflow-artifacts/artifacts/${experiment}/${id}/artifacts/report`, new TextEncoder().encode(html));
  await signIn(page, '/teams/paper');
  await open(page, `${url()}/teams/paper/runs/${id}?tab=artifacts&file=report`);
  const framed = page.frameLocator('.look iframe');
  await expect(framed.getByRole('heading', { name: 'Report' })).toHaveCSS('color', 'rgb(1, 2, 3)');
  await expect(framed.locator('#by')).toHaveText('still');
  await page.getByRole('link', { name: 'Source', exact: true }).click();
  await expect(page.locator('.look pre')).toContainText('<h1>Report</h1>');
  await expect(page.locator('.look iframe')).toHaveCount(0);
  await page.getByRole('link', { name: 'Laid out' }).click();
  await expect(framed.getByRole('heading', { name: 'Report' })).toBeVisible();
  elsewhere.close();
  expect(asked).toEqual([]);
  // The browser says what it kept from it, and nothing else.
  expect(heard.filter((h) => !/sandboxed|Content Security Policy/.test(h))).toEqual([]);
});
