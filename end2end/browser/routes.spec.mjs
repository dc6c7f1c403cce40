// Every route, empty, crowded and with an API that fails, in both themes, wide and narrow: axe, console, no sideways scroll, pictures.
import { expect, test } from '@playwright/test';
import { program, team, url } from './api.mjs';
import { decent, hydrated, listen, signIn } from './pages.mjs';

const SHOTS = process.env.SHOTS ?? 'shots';
const TEAM_ROUTES = ['', '/notebooks', '/notebooks?launch=1', '/runs', '/runs/submit', '/models', '/deployments', '/environments', '/team', '/team?tab=secrets', '/team?tab=quota', '/team?tab=events'];
const OWN_ROUTES = ['/', '/account', '/admin', '/admin?tab=users', '/admin?tab=teams', '/admin?tab=events', '/nothing-here'];
const ROWS = Number(process.env.ROWS ?? 1000);

test.beforeAll(async () => {
  test.setTimeout(240_000);
  await team('empty');
  await team('crowded');
  const send = await program('crowded');
  const mlflow = (path, body) => send('POST', `/api/2.0/mlflow/${path}`, body);
  const one = async (i) => {
    const { run } = await mlflow('runs/create', { experiment_id: '0', run_name: `run-${i}`, start_time: 1_790_000_000_000 + i });
    const points = [0, 1, 2].map((step) => ({ key: 'loss', value: 1 / (step + 1 + i / ROWS), timestamp: 1_790_000_000_000 + step, step }));
    await mlflow('runs/log-batch', { run_id: run.info.run_id, metrics: points, params: [{ key: 'lr', value: String(i) }] });
    await mlflow('registered-models/create', { name: `model-${i}` });
  };
  for (let i = 0; i < ROWS; i += 20) await Promise.all(Array.from({ length: 20 }, (_, k) => one(i + k)));
});

for (const theme of ['light', 'dark']) {
  for (const width of [1440, 390]) {
    test(`every route, ${theme}, ${width} wide`, async ({ browser }) => {
      test.setTimeout(420_000);
      const context = await browser.newContext({ colorScheme: theme, viewport: { width, height: width < 500 ? 844 : 900 } });
      const page = await context.newPage();
      const heard = listen(page);
      await page.goto(`${url()}/sign-in`);
      await decent(page, '/sign-in');
      await page.screenshot({ path: `${SHOTS}/sign-in-${theme}-${width}.png` });
      await signIn(page);
      const paths = [...OWN_ROUTES, ...['empty', 'crowded'].flatMap((t) => TEAM_ROUTES.map((r) => `/teams/${t}${r}`))];
      for (const path of paths) {
        const missing = path === '/nothing-here';
        const response = await page.goto(url() + path);
        expect(response.status(), path).toBe(missing ? 404 : 200);
        await hydrated(page);
        await decent(page, path);
        const name = path.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'start';
        await page.screenshot({ path: `${SHOTS}/${name}-${theme}-${width}.png` });
        if (missing) heard.splice(0, heard.length, ...heard.filter((h) => !h.includes('404')));
      }
      expect(heard).toEqual([]);
      await context.close();
    });
  }
}

test('an API that fails is said in a sentence, and the page stays', async ({ page }) => {
  await signIn(page, '/teams/empty');
  await hydrated(page);
  await page.route('**/api/v1/teams/**', (route) =>
    route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: 'Service Unavailable', status: 503, detail: 'The database does not answer.', hint: 'Try again in a moment.' }) }),
  );
  for (const name of ['Runs', 'Models', 'Deployments', 'Notebooks']) {
    await page.getByRole('link', { name, exact: true }).first().click();
    await expect(page.getByText('The database does not answer.').first()).toBeVisible();
    await decent(page, `${name} with a failing API`);
  }
});
