// The whole job in Chromium: a cell in the real JupyterLab logs to MLflow; a run from the form, its curve; register, deploy, Try it.
import { expect, test } from '@playwright/test';
import { program, team, until, url } from './api.mjs';
import { started, listen, signIn } from './pages.mjs';
import { environments, train } from './train.mjs';

const TEAM = 'job';
const CELL = "import mlflow; mlflow.start_run(run_name='from-a-cell'); mlflow.log_metric('seen', 42); mlflow.end_run()";
test('a notebook, a run, a model, a prediction', async ({ page, context }) => {
  test.setTimeout(840_000);
  const heard = listen(page);
  await team(TEAM);
  const send = await program(TEAM);
  const api = (path) => send('GET', `/api/v1/teams/${TEAM}${path}`);

  await test.step('the environments are made', async () => {
    await environments((_, path) => api(path), until);
  });

  await test.step('launch a notebook', async () => {
    await signIn(page, `/teams/${TEAM}/notebooks`);
    await started(page);
    await page.getByRole('link', { name: 'Launch notebook' }).first().click();
    const sheet = page.getByRole('dialog', { name: 'Launch notebook' });
    await sheet.getByLabel('Name').fill('explore');
    await sheet.getByRole('button', { name: 'Launch', exact: true }).click();
    await expect(sheet).toBeHidden();
    await expect(page.getByRole('button', { name: 'Open explore' })).toBeVisible({ timeout: 270_000 });
  });

  await test.step('a cell in JupyterLab logs to MLflow', async () => {
    const opened = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Open explore' }).click();
    const lab = await opened;
    await lab.waitForURL((u) => u.pathname.includes(`/notebook/${TEAM}/explore/`));
    expect(new URL(lab.url()).origin).not.toBe(url());
    await lab.locator('.jp-LauncherCard[data-category="Notebook"]').first().click({ timeout: 270_000 });
    const cell = lab.locator('.jp-Notebook .jp-Cell .cm-content').first();
    await cell.click({ timeout: 180_000 });
    // A cell run before its kernel answers is not run at all.
    await expect(lab.getByText('| Idle')).toBeVisible({ timeout: 180_000 });
    await lab.keyboard.insertText(CELL);
    await lab.keyboard.press('Shift+Enter');
    await until('the run of the cell', async () => {
      const { items } = await api('/runs');
      return items.some((r) => r.name === 'from-a-cell' && r.state === 'succeeded');
    }, 360);
    await lab.close();
    await page.goto(`${url()}/teams/${TEAM}/runs`);
    await expect(page.getByRole('link', { name: 'from-a-cell' })).toBeVisible();
  });

  await test.step('submit a run, and see its curve grow', async () => {
    await page.goto(`${url()}/teams/${TEAM}/runs/submit`);
    await started(page);
    await page.getByLabel('Command').fill(`python -c '${train(0.4)}'`);
    await page.getByLabel('Name', { exact: true }).fill('iris');
    await page.getByRole('button', { name: 'Submit', exact: true }).click();
    await page.waitForURL((u) => /\/runs\/[0-9a-f]{32}$/.test(u.pathname));
    await page.getByRole('link', { name: 'Metrics', exact: true }).click();
    const card = page.locator('section.card', { hasText: 'loss' });
    const count = async () => Number((await card.first().innerText()).match(/(\d+) points?/)?.[1] ?? 0);
    await expect.poll(count, { timeout: 360_000 }).toBeGreaterThan(1);
    const before = await count();
    await expect.poll(count, { timeout: 180_000 }).toBeGreaterThan(before);
    await expect.poll(count, { timeout: 180_000 }).toBe(30);
  });

  await test.step('register its model', async () => {
    await expect(page.getByRole('heading', { level: 1 })).toContainText('iris');
    await expect(page.locator('.head')).toContainText('Succeeded', { timeout: 270_000 });
    await page.getByRole('button', { name: 'Register model' }).click();
    const dialog = page.getByRole('dialog', { name: 'Register model' });
    await dialog.getByLabel('Name', { exact: true }).fill('iris');
    await dialog.getByRole('button', { name: 'Register' }).click();
    await page.waitForURL(`**/teams/${TEAM}/models/iris/1`);
  });

  await test.step('deploy it', async () => {
    await page.getByRole('link', { name: 'Deploy', exact: true }).click();
    const sheet = page.getByRole('dialog', { name: /Deploy iris/ });
    await sheet.getByRole('button', { name: 'Deploy', exact: true }).click();
    await page.waitForURL(`**/teams/${TEAM}/deployments/iris`);
    await until('the deployment serves', async () => (await api('/deployments/iris')).state === 'running', 360);
  });

  await test.step('Try it answers', async () => {
    await page.goto(`${url()}/teams/${TEAM}/deployments/iris?tab=try`);
    await started(page);
    await page.getByRole('button', { name: 'Send' }).click();
    await expect(page.locator('pre.answer')).toContainText('predictions');
  });
  await test.step('what runs makes room for others', async () => {
    for (const path of ['/notebooks/explore', '/deployments/iris']) {
      await send('POST', `/api/v1/teams/${TEAM}${path}/stop`);
      await until(`${path} is stopped`, async () => (await api(path)).state === 'stopped', 360);
    }
  });
  expect(heard).toEqual([]);
});
