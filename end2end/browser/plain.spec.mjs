// Without JavaScript: sign in, launch, stop, start, submit, deploy.
import { expect, test } from '@playwright/test';
import { admin, program, team, until, url } from './api.mjs';
import { signIn } from './pages.mjs';
import { asks } from './pipelines.mjs';
import { version } from './seeds.mjs';

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

test('a run is submitted and a version deployed by forms, with variables and secrets', async ({ page }) => {
  await team('forms');
  const [send, api] = [await program('forms'), await admin()];
  const own = '/api/v1/teams/forms';
  await api('PUT', `${own}/secrets/warehouse-key`, { value: 'sesame' });
  const surroundings = async () => {
    await page.getByText('Environment variables and secrets').click();
    await page.getByLabel('Environment variables').fill('GREETING=hello\nOTHER=a=b');
    await page.getByLabel('Secrets').fill('KEY=warehouse-key');
  };
  const held = ({ env, secrets }) => {
    expect(env).toEqual({ GREETING: 'hello', OTHER: 'a=b' });
    expect(secrets).toEqual([{ env: 'KEY', secret: 'warehouse-key' }]);
  };

  await signIn(page, '/teams/forms/runs/submit');
  await page.getByLabel('Command').fill(`python -c 'open`);
  await page.getByRole('button', { name: 'Submit', exact: true }).click();
  await expect(page.getByText('not closed').first()).toBeVisible();
  await expect(page.getByLabel('Command')).toHaveValue(`python -c 'open`);
  await page.getByLabel('Command').fill(`python -c 'import os; print(os.environ["GREETING"], len(os.environ["KEY"]))'`);
  await page.getByLabel('Name', { exact: true }).fill('greeter');
  await surroundings();
  await page.getByLabel('Parameters').fill('lr=0.1\nepochs=5');
  await page.getByRole('button', { name: 'Submit', exact: true }).click();
  await page.waitForURL((u) => /\/teams\/forms\/runs\/[0-9a-f]{32}$/.test(u.pathname));
  await expect(page.getByRole('heading', { name: 'greeter' })).toBeVisible();
  const run = new URL(page.url()).pathname.split('/').pop();
  await until('the run', async () => (await send('GET', `${own}/runs/${run}`)).state === 'succeeded', 360);
  const { submission, params } = await send('GET', `${own}/runs/${run}`);
  held(submission);
  expect(params).toEqual({ lr: '0.1', epochs: '5' });
  expect((await send('GET', `${own}/runs/${run}/log`)).items.map((l) => l.text)).toContain('hello 6');

  // Nothing of it starts: the form is what is tried here.
  await api('PUT', `${own}/quota`, { cpu: '1m', memory: '1Mi', revision: (await api('GET', `${own}/quota`)).revision });
  const mlflow = (call, body) => send('POST', `/api/2.0/mlflow/${call}`, body);
  await mlflow('registered-models/create', { name: 'greeter' });
  const made = await mlflow('runs/create', { experiment_id: '0', run_name: 'elsewhere', start_time: 1_790_000_000_000 });
  await version(mlflow, send, made.run, 'greeter');
  await page.goto(`${url()}/teams/forms/models/greeter/1?deploy=1`);
  await surroundings();
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await page.waitForURL('**/teams/forms/deployments/greeter');
  expect((await send('GET', `${own}/deployments`)).items).toHaveLength(1);

  await page.goto(`${url()}/teams/forms/notebooks?launch=1`);
  await page.getByLabel('Name').fill('with-surroundings');
  await surroundings();
  await page.getByRole('button', { name: 'Launch', exact: true }).click();
  await page.waitForURL('**/teams/forms/notebooks');
  held(await send('GET', `${own}/notebooks/with-surroundings`));
});

test('what a pipeline asks is answered by a form', async ({ page }) => {
  await team('plain-asks');
  const send = await program('plain-asks');
  const runs = '/api/v1/teams/plain-asks/pipeline-runs';
  const { id } = await send('POST', runs, { spec: asks() });
  const task = async (name) => (await send('GET', `${runs}/${id}/tasks`)).find((t) => t.name === name);
  await until('it asks', async () => (await task('ship'))?.state === 'waiting_for_approval');
  await signIn(page, `/teams/plain-asks/pipeline-runs/${id}`);
  await page.getByLabel('Comment').fill('Go.');
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await until('it asks the other', async () => (await task('tell')).state === 'waiting_for_approval');
  await page.goto(`${url()}/teams/plain-asks/pipeline-runs/${id}?task=${(await task('tell')).id}`);
  await page.getByRole('button', { name: 'Refuse', exact: true }).click();
  await until('it is refused', async () => (await task('tell')).state === 'failed');
  expect((await send('GET', `${runs}/${id}/tasks/${(await task('ship')).id}`)).outputs.parameters).toEqual({ comment: 'Go.' });
});
