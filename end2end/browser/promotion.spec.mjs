// From a registered model to a trusted endpoint, by two people: gates, a refusal, another look, an approval, what follows the alias, the way back,
// and what served at a moment that is past.
import { expect, test } from '@playwright/test';
import { admin, program, team, until, url } from './api.mjs';
import { listen, open, signIn } from './pages.mjs';
import { ADMIN } from './server.mjs';
import { environments, scored } from './train.mjs';

const TEAM = 'ship';
const MIA = { user: 'mia', password: 'a password of her own' };

test('a promotion by two people, and the way back', async ({ page, browser }) => {
  test.setTimeout(1_200_000);
  const heard = listen(page);
  await team(TEAM);
  const root = await admin();
  await root('POST', '/api/v1/users', { name: MIA.user, password: MIA.password });
  for (const user of [ADMIN.user, MIA.user]) await root('PUT', `/api/v1/teams/${TEAM}/members/${user}`, { role: 'maintainer' });
  const send = await program(TEAM);
  const api = (path, method = 'GET', body = undefined) => send(method, `/api/v1/teams/${TEAM}${path}`, body);
  const served = async () => (await api('/deployments/iris')).serving?.number ?? 0;
  const here = (path) => `${url()}/teams/${TEAM}${path}`;
  const head = page.locator('.head');

  const other = await browser.newContext();
  const her = await other.newPage();
  const heardByHer = listen(her);

  await test.step('two versions, of which the second is worse', async () => {
    await environments((_, path) => api(path), until);
    const runs = [];
    for (const score of [0.95, 0.9]) {
      runs.push((await api('/runs', 'POST', { environment: 'train', command: ['python', '-c', scored(score)] })).id);
    }
    for (const [i, run_id] of runs.entries()) {
      await until('the run', async () => ['succeeded', 'failed'].includes((await api(`/runs/${run_id}`)).state), 540);
      const version = await api('/model-versions', 'POST', { model: 'iris', run_id });
      expect(version.version).toBe(i + 1);
    }
  });

  await test.step('a maintainer says what Production asks', async () => {
    await signIn(page, `/teams/${TEAM}/team?tab=stages`);
    await open(page, here('/team?tab=stages'));
    const card = page.locator('section.card', { has: page.getByRole('heading', { name: 'Production' }) });
    await card.getByLabel('Gates').fill('val_auc >= 0.92\nsignature\nsmoke');
    await card.getByLabel('Approvals by other maintainers').selectOption('1');
    await card.getByRole('button', { name: 'Keep' }).click();
    await expect(page.getByText('Production asks that now.')).toBeVisible();
  });

  const ask = async (version) => {
    await open(page, here(`/models/iris/${version}`));
    await page.getByRole('link', { name: 'Promote', exact: true }).click();
    const sheet = page.getByRole('dialog', { name: `Promote iris v${version}` });
    await sheet.getByRole('button', { name: 'Ask for it' }).click();
    await expect(sheet).toBeHidden();
    const { items } = await api('/promotions?page_size=1');
    await open(page, here(`/promotions/${items[0].id}`));
    return items[0].id;
  };
  const approve = async (version) => {
    await open(her, here(''));
    await her.locator('section.card', { hasText: 'Waiting for your approval' }).getByRole('link', { name: `iris v${version} to Production` }).click();
    await her.getByRole('button', { name: 'Approve for Production' }).click();
    await expect(her.locator('.head')).toContainText('Promoted', { timeout: 90_000 });
  };

  await test.step('the first is asked for, and who asks cannot approve', async () => {
    await ask(1);
    await expect(head).toContainText('Waiting for approval', { timeout: 540_000 });
    await expect(page.getByRole('button', { name: 'Approve for Production' })).toHaveCount(0);
    await expect(page.locator('ul.gates')).toContainText('mia can approve');
  });

  await test.step('somebody else approves', async () => {
    await her.goto(`${url()}/sign-in`);
    await her.getByLabel('User', { exact: true }).fill(MIA.user);
    await her.getByLabel('Password', { exact: true }).fill(MIA.password);
    await her.getByRole('button', { name: 'Sign in' }).click();
    await her.waitForURL((u) => !u.pathname.startsWith('/sign-in'));
    await approve(1);
    // Who asked sees it without doing anything.
    await expect(head).toContainText('Promoted');
    await expect(page.locator('ul.gates')).toContainText('mia approved');
  });

  await test.step('a deployment follows the alias', async () => {
    await open(page, here('/models/iris/1?deploy=1'));
    const sheet = page.getByRole('dialog', { name: 'Deploy iris v1' });
    await sheet.getByLabel('Follow an alias').selectOption('production');
    await sheet.getByRole('button', { name: 'Deploy', exact: true }).click();
    await page.waitForURL('**/deployments/iris');
    await until('the first revision', async () => (await served()) === 1, 360);
    await expect(head).toContainText('follows @production');
  });

  let promotion;
  await test.step('the second is refused by a gate', async () => {
    promotion = await ask(2);
    await expect(head).toContainText('Refused', { timeout: 540_000 });
    await expect(page.locator('ul.gates')).toContainText('Red');
    await expect(page.locator('ul.gates')).toContainText('0.9');
    expect(await served()).toBe(1);
  });

  await test.step('the policy asks for less: another look, and an approval', async () => {
    await open(page, here('/team?tab=stages'));
    const card = page.locator('section.card', { has: page.getByRole('heading', { name: 'Production' }) });
    await card.getByLabel('Gates').fill('val_auc >= 0.85\nsignature');
    await card.getByRole('button', { name: 'Keep' }).click();
    await expect(page.getByText('Production asks that now.')).toBeVisible();
    await open(page, here(`/promotions/${promotion}`));
    await page.getByRole('button', { name: 'Check again' }).click();
    await expect(head).toContainText('Waiting for approval', { timeout: 180_000 });
    await approve(2);
  });

  await test.step('what follows the alias serves it', async () => {
    await until('the second revision', async () => (await served()) === 2, 360);
    await open(page, here('/deployments/iris'));
    await expect(page.getByRole('table', { name: 'Ledger' })).toContainText('approved by mia');
    expect((await api('/deployments/iris')).serving.version).toBe(2);
  });

  await test.step('what served at a moment that is past', async () => {
    const { items } = await api('/deployments/iris/ledger');
    const [now, before] = items;
    expect(now.from).toBe(before.until);
    // The picker has minutes: what it shows is asked of the API for that moment, whatever it is.
    const at = new Date(Date.parse(before.from) + Math.floor((Date.parse(before.until) - Date.parse(before.from)) / 2)).toISOString();
    await open(page, here(`/deployments/iris?at=${at}`));
    const table = page.getByRole('table', { name: 'Ledger' });
    await expect(table.getByRole('row')).toHaveCount(2);
    await expect(table).toContainText('iris v1');
    await open(page, here('/deployments/iris'));
    await page.getByLabel('What served at').fill('2001-01-01T00:00');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await expect(page.getByText('Nothing served then')).toBeVisible();
    await page.getByRole('link', { name: 'Show all' }).click();
    await expect(table.getByRole('row')).toHaveCount(3);
  });

  await test.step('one click back', async () => {
    await page.getByRole('button', { name: 'Roll back to revision 1' }).click();
    await until('the way back', async () => (await served()) === 3, 360);
    const back = (await api('/deployments/iris')).serving;
    expect([back.version, back.rolled_back_to]).toEqual([1, 1]);
    await expect(page.getByRole('table', { name: 'Ledger' })).toContainText('back to revision 1');
    // It would lead away again.
    await expect(head).not.toContainText('follows @production');
  });

  expect([...heard, ...heardByHer]).toEqual([]);
  await other.close();
});
