// What is changed with forms, once with JavaScript and once without: the same forms, the same outcome.
import { expect, test } from '@playwright/test';
import { admin, program, team, url } from './api.mjs';
import { follow, listen, open, signIn, started } from './pages.mjs';
import { needs } from './pipelines.mjs';

for (const script of [true, false]) {
  test.describe(script ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled: script });
    const name = script ? 'lively' : 'still';
    const own = `/api/v1/teams/${name}`;
    const go = async (page, path) => {
      await page.goto(`${url()}${path}`, { waitUntil: 'domcontentloaded' });
      if (script) await started(page);
    };
    /// What a notice says; without JavaScript there is none.
    const said = (page, text) => (script ? expect(page.locator('.toast', { hasText: text })).toBeVisible() : page.waitForLoadState());

    test('members, secrets, quota, the team itself', async ({ page }) => {
      const heard = listen(page);
      await team(name);
      const api = await admin();
      await api('POST', '/api/v1/users', { name: `${name}-bob`, password: 'correct horse battery' });
      await signIn(page, `/teams/${name}/team`);
      await go(page, `/teams/${name}/team`);

      await page.getByLabel('User', { exact: true }).fill('nobody-here');
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      await expect(page.getByText(/There is no user/).first()).toBeVisible();
      await expect(page.getByLabel('User', { exact: true })).toHaveValue('nobody-here');
      await page.getByLabel('User', { exact: true }).fill(`${name}-bob`);
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      await said(page, 'is in the team.');
      const row = page.getByRole('row', { name: new RegExp(`${name}-bob`) });
      await expect(row).toBeVisible();
      await row.getByLabel(/Role of/).selectOption('viewer');
      await row.getByRole('button', { name: 'Set' }).click();
      await said(page, 'is viewer now.');
      const members = async () => (await api('GET', `${own}/members`)).items;
      await expect.poll(async () => (await members()).find((m) => m.user === `${name}-bob`)?.role).toBe('viewer');
      await row.getByRole('button', { name: 'Remove' }).click();
      await expect(row).toBeHidden();
      await expect.poll(async () => (await members()).length).toBe(1);

      await page.getByRole('button', { name: 'Rename', exact: true }).click();
      await page.getByLabel('Shown as').fill(`The ${name} team`);
      await page.locator('dialog#rename').getByRole('button', { name: 'Rename' }).click();
      await expect(page.locator('.head h1')).toHaveText(`The ${name} team`);

      await go(page, `/teams/${name}/team?tab=secrets`);
      await page.getByRole('textbox', { name: 'Name' }).fill('warehouse-key');
      await page.getByRole('textbox', { name: 'Value' }).fill('sesame');
      await page.getByRole('button', { name: 'Set', exact: true }).click();
      await expect(page.getByRole('cell', { name: 'warehouse-key' })).toBeVisible();
      await page.getByRole('button', { name: 'Remove', exact: true }).click();
      await page.locator('dialog#remove-warehouse-key').getByRole('button', { name: 'Remove' }).click();
      await expect.poll(async () => (await api('GET', `${own}/secrets`)).items.length).toBe(0);

      await go(page, `/teams/${name}/team?tab=quota`);
      await page.getByRole('textbox', { name: 'CPU' }).fill('1500m');
      await page.getByRole('button', { name: 'Set', exact: true }).click();
      await expect.poll(async () => (await api('GET', `${own}/quota`)).cpu_millis).toBe(1500);
      await go(page, `/teams/${name}/team?tab=quota`);
      await page.getByRole('textbox', { name: 'CPU' }).fill('');
      await page.getByRole('button', { name: 'Set', exact: true }).click();
      await expect.poll(async () => (await api('GET', `${own}/quota`)).cpu_millis).toBe(undefined);
      expect(heard.filter((h) => !h.includes('status of 404') && !h.includes('status of 422'))).toEqual([]);
    });

    test('a notebook is resized and deleted, a model described and pointed at', async ({ page }) => {
      await team(name);
      const [api, send] = [await admin(), await program(name)];
      await api('PUT', `${own}/quota`, { cpu: '1m', memory: '1Mi', revision: (await api('GET', `${own}/quota`)).revision });
      await send('POST', `${own}/notebooks`, { name: 'waits' });
      await signIn(page, `/teams/${name}/notebooks/waits`);
      await go(page, `/teams/${name}/notebooks/waits`);
      await page.getByRole('radio', { name: /Medium/ }).check({ force: true });
      await page.getByRole('button', { name: 'Keep for the next start' }).click();
      await expect.poll(async () => (await send('GET', `${own}/notebooks/waits`)).resources.cpu_millis).toBe(1000);
      await go(page, `/teams/${name}/notebooks/waits`);
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await page.locator('dialog#delete').getByRole('button', { name: 'Delete' }).click();
      await page.waitForURL(`**/teams/${name}/notebooks`);

      const mlflow = (call, body) => send('POST', `/api/2.0/mlflow/${call}`, body);
      await mlflow('registered-models/create', { name: 'churn', tags: [{ key: 'stage', value: 'draft' }, { key: 'owner', value: 'ada' }, { key: 'bare', value: '' }] });
      const { run } = await mlflow('runs/create', { experiment_id: '0', run_name: 'elsewhere', start_time: 1_790_000_000_000 });
      await mlflow('model-versions/create', { name: 'churn', source: `runs:/${run.info.run_id}/model`, run_id: run.info.run_id });
      await go(page, `/teams/${name}/models/churn`);
      await page.getByRole('link', { name: 'Write', exact: true }).click();
      const card = page.getByRole('textbox', { name: 'Markdown' });
      await card.fill('# Churn\n\nWho *leaves*, <b>and</b> when.');
      if (script) {
        await page.getByRole('button', { name: 'Preview' }).click();
        await expect(page.locator('.prose.preview')).toContainText('Who leaves, <b>and</b> when.');
        await expect(page.locator('.prose.preview h3')).toHaveText('Churn');
      } else await expect(page.getByRole('button', { name: 'Preview' })).toBeHidden();
      await page.getByRole('button', { name: 'Keep' }).click();
      await expect(page.locator('.prose:not(.preview) em')).toHaveText('leaves');
      await page.getByRole('button', { name: 'Edit', exact: true }).click();
      // What somebody else adds meanwhile, and a tag without a value, stay.
      await page.getByRole('textbox', { name: 'Tags' }).fill('bare=\nowner=bob\nsince=2026');
      await mlflow('registered-models/set-tag', { name: 'churn', key: 'added', value: 'meanwhile' });
      if (script) await expect(page.locator('main')).toContainText('meanwhile');
      await page.locator('dialog#words').getByRole('button', { name: 'Keep' }).click();
      const model = () => api('GET', `${own}/models/churn`);
      await expect.poll(async () => (await model()).tags).toEqual({ added: 'meanwhile', bare: '', owner: 'bob', since: '2026' });
      expect((await model()).description).toBe('# Churn\n\nWho *leaves*, <b>and</b> when.');
      await go(page, `/teams/${name}/models/churn/1`);
      await page.getByLabel('New alias').fill('@champion ');
      await page.getByRole('button', { name: 'Set', exact: true }).click();
      await expect.poll(async () => (await model()).aliases).toEqual({ champion: 1 });
      await go(page, `/teams/${name}/models/churn/1`);
      await page.getByRole('button', { name: 'Remove @champion' }).click();
      await expect.poll(async () => (await model()).aliases).toEqual({});

      const runtime = `${name}-server`;
      await go(page, '/runtimes?new=1');
      await page.getByLabel('Name', { exact: true }).fill(runtime);
      await page.getByLabel('Serves', { exact: true }).fill('sklearn\nxgboost');
      await page.getByLabel('Command', { exact: true }).fill('serve "{modelpath}" --port {port}');
      await page.getByRole('button', { name: 'Declare', exact: true }).click();
      await expect(page.getByText(/Nothing is known that \{modelpath\} stands for/).first()).toBeVisible();
      await page.getByLabel('Command', { exact: true }).fill('serve "{model_path}" --port {port}');
      await page.getByRole('button', { name: 'Declare', exact: true }).click();
      await page.getByRole('link', { name: runtime, exact: true }).click();
      await expect(page.getByText("serve {model_path} --port {port}")).toBeVisible();
      await page.getByRole('button', { name: 'Remove', exact: true }).click();
      await page.locator('dialog#remove').getByRole('button', { name: 'Remove' }).click();
      await expect(page.getByRole('link', { name: runtime, exact: true })).toHaveCount(0);

      await go(page, `/teams/${name}/deployments?program=1`);
      await page.getByLabel('Name of the deployment').fill('files');
      await page.getByLabel('Command', { exact: true }).fill("python 'open");
      await page.getByRole('button', { name: 'Deploy', exact: true }).click();
      await expect(page.getByText(/quote that is not closed/).first()).toBeVisible();
    });

    test('each parameter that is wrong is told in place, and a text that is empty is said to be', async ({ page }) => {
      await team(name);
      const [api, send] = [await admin(), await program(name)];
      // Nothing of it starts: the forms are what is tried here.
      await api('PUT', `${own}/quota`, { cpu: '1m', memory: '1Mi', revision: (await api('GET', `${own}/quota`)).revision });
      await send('POST', `${own}/pipelines`, { spec: needs() });
      await signIn(page, `/teams/${name}/pipelines/needs`);
      const field = (label) => page.getByLabel(label, { exact: true });
      const empty = page.getByRole('checkbox', { name: 'It is meant to be empty' });
      const typed = { decay: 'slow', rate: 'fast', share: 'most' };

      for (const [form, button] of [['run', 'Run'], ['schedule', 'Schedule']]) {
        await go(page, `/teams/${name}/pipelines/needs/${form}`);
        await expect(empty).toBeHidden();
        for (const [label, text] of Object.entries(typed)) await field(label).fill(text);
        await page.getByRole('button', { name: button, exact: true }).click();
        for (const [label, text] of Object.entries(typed)) {
          await expect(field(label)).toHaveAttribute('aria-invalid', 'true');
          await expect(field(label)).toHaveAccessibleDescription(`Expected a number, got the text "${text}".`);
          await expect(field(label)).toHaveValue(text);
        }
        await expect(field('title')).toHaveAccessibleDescription(/^No value is given/);
        await expect(field('decay')).toBeFocused();

        await field('decay').fill('0.9');
        await field('rate').fill('1e-3');
        await empty.check();
        await page.getByRole('button', { name: button, exact: true }).click();
        await expect(field('share')).toBeFocused();
        await expect(page.locator('[aria-invalid]')).toHaveCount(1);
        await expect(empty).toBeChecked();
        await expect(empty).toBeVisible();
        await field('share').fill('1');
        await page.getByRole('button', { name: button, exact: true }).click();
        await page.waitForURL((u) => /\/(pipeline|recurring)-runs\/[0-9a-f]+$/.test(u.pathname));
        const kind = form === 'run' ? 'pipeline-runs' : 'recurring-runs';
        const [made] = (await send('GET', `${own}/${kind}`)).items;
        expect(made.parameters).toEqual({ decay: 0.9, rate: 0.001, share: 1, title: '' });
        await go(page, form === 'run' ? `/teams/${name}/pipelines/needs/run?from=${made.id}` : `/teams/${name}/recurring-runs/${made.id}/edit`);
        await expect(empty).toBeChecked();
        if (form === 'schedule') await send('DELETE', `${own}/${kind}/${made.id}`);
      }
    });

    test('the version that a form shows is the one that runs, with its parameters', async ({ page }) => {
      await team(name);
      const [api, send] = [await admin(), await program(name)];
      await api('PUT', `${own}/quota`, { cpu: '1m', memory: '1Mi', revision: (await api('GET', `${own}/quota`)).revision });
      await send('POST', `${own}/pipelines`, { spec: needs(), name: 'shown', version: 'first' });
      await send('POST', `${own}/pipelines/shown/versions`, { spec: needs().replaceAll('decay', 'speed'), name: 'second' });
      const { id: first } = (await send('GET', `${own}/pipelines/shown/versions`)).items.find((v) => v.name === 'first');
      await signIn(page, `/teams/${name}/pipelines/shown`);
      const field = (label) => page.getByLabel(label, { exact: true });
      const choose = async (label) => {
        await field('Version').selectOption({ label });
        if (!script) await page.getByRole('button', { name: 'Ask for its parameters' }).click();
      };
      const give = async (...all) => {
        for (const label of all) await field(label).fill('1');
        await field('title').fill('x');
      };

      await go(page, `/teams/${name}/pipelines/shown/run`);
      await expect(field('speed')).toBeVisible();
      await page.getByText('Name, experiment, caching').click();
      await field('Name of the run').fill('by-name');
      await field('rate').fill('7');
      await field('speed').fill('8');
      await choose('first');
      await expect(field('decay')).toBeVisible();
      await expect(field('speed')).toHaveCount(0);
      await expect(field('decay')).toHaveValue('');
      await expect(field('rate')).toHaveValue('7');
      await expect(field('Name of the run')).toHaveValue('by-name');
      await give('decay', 'rate', 'share');
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.waitForURL((u) => /\/pipeline-runs\/[0-9a-f]+$/.test(u.pathname));
      const [run] = (await send('GET', `${own}/pipeline-runs`)).items;
      expect([run.name, run.version_id, Object.keys(run.parameters)]).toEqual(['by-name', first, ['decay', 'rate', 'share', 'title']]);

      await go(page, `/teams/${name}/pipelines/shown/schedule`);
      await field('Name').fill('nightly');
      await choose('first');
      await expect(field('decay')).toBeVisible();
      await expect(field('Name')).toHaveValue('nightly');
      await give('decay', 'rate', 'share');
      await page.getByRole('button', { name: 'Schedule', exact: true }).click();
      await page.waitForURL((u) => /\/recurring-runs\/[0-9a-f]+$/.test(u.pathname));
      const one = async () => (await send('GET', `${own}/recurring-runs`)).items.find((r) => r.name === 'nightly');
      const made = await one();
      expect(made.version_id).toBe(first);

      await go(page, `/teams/${name}/recurring-runs/${made.id}/edit`);
      await choose('The newest at each time');
      await expect(field('speed')).toBeVisible();
      await expect(field('rate')).toHaveValue('1');
      await give('speed');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.waitForURL((u) => u.pathname.endsWith(made.id));
      const changed = await one();
      expect([changed.version_id ?? null, Object.keys(changed.parameters)]).toEqual([null, ['rate', 'share', 'speed', 'title']]);
    });
  });
}

test('a token is shown once, copied, and revoked; the page stays', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await team('tokens');
  await signIn(page, '/account');
  await open(page, `${url()}/account`);
  await page.evaluate(() => (window.stays = true));
  await page.getByLabel('Name', { exact: true }).fill('laptop');
  await page.getByLabel('Team', { exact: true }).selectOption('tokens');
  await page.getByLabel('Lasts').selectOption({ label: '7 days' });
  await page.getByRole('button', { name: 'Make the token' }).click();
  const shown = page.locator('[data-shown=token]');
  await expect(shown).toContainText('not shown again');
  await expect(shown.locator('code')).toHaveText(/^slip_/);
  const token = await shown.locator('code').innerText();
  expect(token).toMatch(/^slip_/);
  await shown.getByRole('button', { name: 'Copy' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
  const whoami = () => fetch(`${url()}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } }).then((r) => r.status);
  expect(await whoami()).toBe(200);
  const row = page.getByRole('row', { name: /laptop/ });
  await row.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog', { name: 'Revoke laptop' }).getByRole('button', { name: 'Revoke' }).click();
  await expect(row).toBeHidden();
  await expect.poll(whoami).toBe(401);
  expect(await page.evaluate(() => window.stays)).toBe(true);
});

test('a webhook is made, its secret shown once, tested, and its deliveries are told', async ({ page }) => {
  await team('hooks');
  const api = await admin();
  await signIn(page, '/teams/hooks/team?tab=webhooks');
  await open(page, `${url()}/teams/hooks/team?tab=webhooks`);
  await page.getByLabel('Name', { exact: true }).fill('chat');
  // Nobody listens there, and this portal allows no network beside the public ones.
  await page.getByLabel('URL', { exact: true }).fill('http://127.0.0.1:9/hook');
  await page.getByRole('button', { name: 'Make the webhook' }).click();
  await expect(page.getByText(/127\.0\.0\.1 is a loopback address/)).toBeVisible();
  await page.getByLabel('URL', { exact: true }).fill('https://localhost:9/hook');
  await page.getByLabel('Notebook stopped').uncheck();
  await page.getByRole('button', { name: 'Make the webhook' }).click();
  await expect(page.locator('[data-shown=secret] code')).toHaveText(/^whsec_/);
  await page.getByRole('link', { name: 'chat', exact: true }).click();
  await expect(page.getByText('Nothing was delivered yet.')).toBeVisible();
  await page.getByRole('button', { name: 'Send a test' }).click();
  const row = page.getByRole('row', { name: /test/ });
  await expect(row.getByText('Given up')).toBeVisible();
  await expect(row.locator('.sub', { hasText: /localhost leads to .* a loopback address/ })).toBeVisible();
  await row.getByRole('button', { name: /Details/ }).click();
  await expect(page.getByRole('dialog', { name: /^Delivery/ }).getByText('A test of the webhook chat')).toBeVisible();
  await page.keyboard.press('Escape');
  const hook = async () => api('GET', '/api/v1/teams/hooks/webhooks/chat');
  expect((await hook()).kinds).toEqual(['promotion_waiting', 'promotion_ended', 'run_failed', 'pipeline_run_failed', 'pipeline_waiting', 'recurring_run_failed', 'deployment_unhealthy']);
  await page.getByLabel('On', { exact: true }).uncheck();
  await page.getByRole('button', { name: 'Keep' }).click();
  await expect.poll(async () => (await hook()).enabled).toBe(false);
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('dialog', { name: 'Remove chat' }).getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('A webhook posts the notices of the team')).toBeVisible();
});

test('what the reader is at stays while the page changes beneath', async ({ page }) => {
  const heard = listen(page);
  await team('stays');
  const [api, send] = [await admin(), await program('stays')];
  await api('PUT', '/api/v1/teams/stays/quota', { cpu: '1m', memory: '1Mi', revision: (await api('GET', '/api/v1/teams/stays/quota')).revision });
  await send('POST', '/api/v1/teams/stays/notebooks', { name: 'first' });
  await signIn(page, '/teams/stays/notebooks');
  await open(page, `${url()}/teams/stays/notebooks`);
  await page.evaluate(() => (window.stays = true));
  // A link to a page, and back: the document stays.
  await page.getByRole('link', { name: 'first' }).click();
  await page.waitForURL('**/notebooks/first');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('first');
  await expect(page).toHaveTitle('first · Slipway');
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Notebooks');
  // A sheet that is being filled in, while a notebook appears behind it.
  await page.getByRole('link', { name: 'Launch notebook' }).first().click();
  const sheet = page.getByRole('dialog', { name: 'Launch notebook' });
  await sheet.getByLabel('Name').fill('half-typed');
  await sheet.getByText('Other amounts').click();
  await send('POST', '/api/v1/teams/stays/notebooks', { name: 'second' });
  await expect(page.locator('main tbody')).toContainText('second');
  await expect(sheet.getByLabel('Name')).toHaveValue('half-typed');
  await expect(sheet.getByLabel('Name')).toBeFocused({ timeout: 1000 }).catch(() => {});
  await expect(sheet.getByLabel('Memory')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.waitForURL('**/teams/stays/notebooks');
  await expect(sheet).toBeHidden();
  // The focus stays on its row while rows come above it.
  await page.getByRole('link', { name: 'first' }).focus();
  await send('POST', '/api/v1/teams/stays/notebooks', { name: 'third' });
  await expect(page.getByRole('link', { name: 'third' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'first' })).toBeFocused();
  // A form is sent, and another one filled in before the page that follows has come.
  const mlflow = (call, body) => send('POST', `/api/2.0/mlflow/registered-models/${call}`, body);
  await mlflow('create', { name: 'churn', tags: [{ key: 'owner', value: 'ada' }] });
  await open(page, `${url()}/teams/stays/models/churn?card=edit`);
  await page.evaluate(() => (window.stays = true));
  let come;
  const held = new Promise((resolve) => (come = resolve));
  await page.route(`${url()}/teams/stays/models/churn`, (route) => held.then(() => route.continue()));
  await page.getByRole('textbox', { name: 'Markdown' }).fill('Who *leaves*.');
  await page.getByRole('button', { name: 'Keep' }).click();
  await expect.poll(async () => (await send('GET', '/api/v1/teams/stays/models/churn')).description).toBe('Who *leaves*.');
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByRole('textbox', { name: 'Tags' }).fill('owner=bob');
  come();
  await expect(page.locator('.prose em')).toHaveText('leaves');
  await expect(page.getByRole('textbox', { name: 'Tags' })).toHaveValue('owner=bob');
  await page.locator('dialog#words').getByRole('button', { name: 'Keep' }).click();
  await expect.poll(async () => (await send('GET', '/api/v1/teams/stays/models/churn')).tags).toEqual({ owner: 'bob' });
  // Keys: go to runs, find a notebook. They are no shortcuts while a dialog is open, and it closes when the answer has come.
  await expect(page.locator('dialog#words')).toBeHidden();
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await page.waitForURL('**/teams/stays/runs');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Find anything' }).fill('secon');
  await expect(page.getByRole('option', { name: /second/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await page.waitForURL('**/notebooks/second');
  expect(await page.evaluate(() => window.stays)).toBe(true);
  expect(heard).toEqual([]);
});

test('without JavaScript a token is shown once, on a page of its own', async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await team('tokens');
  await signIn(page, '/account');
  await page.goto(`${url()}/account`);
  await page.getByLabel('Name', { exact: true }).fill('desktop');
  await page.getByLabel('Team', { exact: true }).selectOption('tokens');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await expect(page.getByRole('heading', { name: 'Copy it now' })).toBeVisible();
  expect(await page.locator('code').innerText()).toMatch(/^slip_/);
  await page.getByRole('link', { name: 'Copied, go back' }).click();
  await expect(page.getByRole('row', { name: /desktop/ })).toBeVisible();
  await context.close();
});

test('what is not there, what fails, and what is refused leave a page that works', async ({ page }) => {
  await team('fails');
  const [api, send] = [await admin(), await program('fails')];
  await api('PUT', '/api/v1/teams/fails/quota', { cpu: '1m', memory: '1Mi', revision: (await api('GET', '/api/v1/teams/fails/quota')).revision });
  await signIn(page, '/');
  await open(page, `${url()}/`);
  await page.evaluate(() => (window.stays = true));
  // Nothing is there, within the page, and out of it again.
  await follow(page, '/teams/nobody');
  await page.getByRole('link', { name: 'To your teams' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Teams');
  await expect(page.locator('nav.nav')).toBeVisible();
  // Outside of a team the palette leads to the teams and to the platform.
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Find anything' }).fill('quot');
  await expect(page.getByRole('option', { name: 'Quotas' })).toBeVisible();
  await page.getByRole('combobox', { name: 'Find anything' }).fill('fails');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/teams/fails');
  // What stands in between says that the server is away: the dashboard stays.
  const away = (route) => route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' });
  await page.route('**/teams/fails/notebooks', away);
  await send('POST', '/api/v1/teams/fails/notebooks', { name: 'one' });
  await page.getByRole('link', { name: 'Notebooks' }).first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Not loaded');
  await page.unroute('**/teams/fails/notebooks', away);
  await page.getByRole('link', { name: 'Notebooks' }).first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Notebooks');
  await page.route('**/teams/fails/notebooks', away);
  await send('POST', '/api/v1/teams/fails/notebooks', { name: 'two' });
  await expect(page.locator('.live')).toHaveText('Reconnecting');
  await expect(page.getByRole('link', { name: 'one', exact: true })).toBeVisible();
  await page.unroute('**/teams/fails/notebooks', away);
  await expect(page.locator('.live')).toHaveText('Live');
  await expect(page.getByRole('link', { name: 'two', exact: true })).toBeVisible();
  // Why a form was refused stays while the page changes beneath it, until it is sent again.
  await page.getByRole('link', { name: 'Launch notebook' }).first().click();
  const sheet = page.getByRole('dialog', { name: 'Launch notebook' });
  await sheet.getByLabel('Name').fill('one');
  await sheet.getByRole('button', { name: 'Launch', exact: true }).click();
  await expect(sheet.getByRole('alert')).toBeVisible();
  await send('POST', '/api/v1/teams/fails/notebooks', { name: 'three' });
  await expect(page.locator('main tbody')).toContainText('three');
  await expect(sheet.getByRole('alert')).toBeVisible();
  await sheet.getByRole('link', { name: 'Cancel' }).click();
  await page.waitForURL('**/teams/fails/notebooks');
  await expect(sheet).toBeHidden();
  await expect(page.getByRole('link', { name: 'Launch notebook' }).first()).toBeFocused();
  // A filter whose fields are called as what forms say themselves.
  await follow(page, '/teams/fails/team?tab=events');
  await page.getByLabel('What was done').fill('create');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.waitForURL('**/teams/fails/team?tab=events&action=create');
  expect(await page.evaluate(() => window.stays)).toBe(true);
});

test('a form is sent once, and its answer may get lost', async ({ page }) => {
  await team('once');
  const [api, send] = [await admin(), await program('once')];
  await api('PUT', '/api/v1/teams/once/quota', { cpu: '1m', memory: '1Mi', revision: (await api('GET', '/api/v1/teams/once/quota')).revision });
  await signIn(page, '/teams/once/notebooks?launch=1');
  await open(page, `${url()}/account`);
  // The answer is lost on the way; the next try makes nothing twice.
  const lost = async (route) => {
    await route.fetch();
    await route.abort();
  };
  await page.route('**/api/v1/tokens', lost, { times: 1 });
  await page.getByLabel('Name', { exact: true }).fill('lost-on-the-way');
  await page.getByLabel('Team', { exact: true }).selectOption('once');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await expect(page.getByText('The server did not answer.')).toBeVisible();
  await page.getByRole('button', { name: 'Make the token' }).click();
  await expect(page.locator('[data-shown=token] code')).toHaveText(/^slip_/);
  await expect(page.getByRole('row', { name: /lost-on-the-way/ })).toHaveCount(1);
  // Clicked twice while the next page is on its way: one notebook, and nothing refused.
  await open(page, `${url()}/teams/once/notebooks?launch=1`);
  let arrive;
  const held = new Promise((r) => (arrive = r));
  await page.route('**/teams/once/notebooks', async (route) => {
    if (route.request().method() === 'GET') await held;
    await route.continue();
  });
  let posted = 0;
  page.on('request', (r) => (posted += r.method() === 'POST' ? 1 : 0));
  const sheet = page.getByRole('dialog', { name: 'Launch notebook' });
  await sheet.getByLabel('Name').fill('twice');
  await sheet.getByRole('button', { name: 'Launch', exact: true }).click();
  await expect.poll(async () => (await send('GET', '/api/v1/teams/once/notebooks')).items.length).toBe(1);
  await sheet.getByRole('button', { name: 'Launch', exact: true }).click();
  arrive();
  await page.waitForURL('**/teams/once/notebooks');
  await expect(page.getByRole('link', { name: 'twice' })).toBeVisible();
  expect(posted).toBe(1);
});
