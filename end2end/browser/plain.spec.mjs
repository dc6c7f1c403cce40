// Without JavaScript: sign in, launch, stop, start, sign out.
import { expect, test } from '@playwright/test';
import { program, team, until, url } from './api.mjs';
import { signIn } from './pages.mjs';

test.use({ javaScriptEnabled: false });

test('a wrong password is told beside the form, and what was typed is kept', async ({ page }) => {
  await page.goto(`${url()}/sign-in`);
  await page.getByLabel('User', { exact: true }).fill('ada');
  await page.getByLabel('Password', { exact: true }).fill('wrong wrong wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('User or password is wrong.')).toBeVisible();
  await expect(page.getByLabel('User', { exact: true })).toHaveValue('ada');
});

test('a notebook is launched, stopped and started by forms', async ({ page }) => {
  await team('plain');
  const send = await program('plain');
  await signIn(page, '/teams/plain/notebooks?launch=1');
  await page.getByLabel('Name').fill('by-hand');
  await page.getByRole('button', { name: 'Launch', exact: true }).click();
  await expect(page.getByText('by-hand').first()).toBeVisible();
  const state = async () => (await send('GET', '/api/v1/teams/plain/notebooks/by-hand')).state;
  await until('the notebook runs', async () => (await state()) === 'running');
  await page.reload();
  await page.getByRole('button', { name: 'Stop' }).first().click();
  await until('it is stopped', async () => (await state()) === 'stopped');
  await page.goto(`${url()}/teams/plain/notebooks`);
  await page.getByRole('button', { name: 'Start' }).first().click();
  await until('it runs again', async () => (await state()) === 'running');
  await page.goto(`${url()}/teams/plain/notebooks`);
  await page.getByRole('button', { name: 'Stop' }).first().click();
  await until('it is stopped', async () => (await state()) === 'stopped');
});
