// Every route with 0, 1 and 1 000 rows and with an API that fails, in both themes, wide and narrow: axe, console, no sideways
// scroll, pictures. A page is opened once, in however many looks: themes and widths are the style sheet's alone.
import { expect, test } from '@playwright/test';
import { url } from './api.mjs';
import { broken } from './faults.mjs';
import { look, prepare } from './looks.mjs';
import { follow, listen, open, signIn } from './pages.mjs';
import { TEAM, bare, seeded } from './seeds.mjs';

const PLATFORM = ['/', '/?new=1', '/account', '/notices', '/admin', '/admin?tab=users', '/admin?tab=teams', '/admin?tab=quotas', '/admin?tab=images', '/admin?tab=events', '/runtimes', '/runtimes?show=slipway-python', '/runtimes?new=1'];
const LISTS = [
  '', '/notebooks', '/notebooks?launch=1', '/runs', '/runs/submit', '/pipelines', '/pipelines?upload=1', '/pipeline-runs', '/pipeline-runs?show=archived', '/recurring-runs', '/models', '/promotions', '/promotions?open=1', '/deployments', '/deployments?program=1', '/environments', '/environments?new=1',
  '/team', '/team?tab=secrets', '/team?tab=stages', '/team?tab=webhooks', '/team?tab=quota', '/team?tab=events',
];
const RUN_TABS = ['', '?tab=metrics', '?tab=logs', '?tab=artifacts', '?tab=system'];
const PIPELINE = ['', '?tab=versions', '?tab=diff', '?tab=recurring', '?upload=1', '/run', '/schedule'];
const RECURRING = ['', '/edit'];
const FLOW_TABS = ['', '/again', '?tab=timeline', '?tab=parameters', '?tab=artifacts'];
const DEPLOYMENT_TABS = ['', '?tab=replicas', '?tab=try', '?tab=log', '?tab=limits', '?tab=callers', '?redeploy=1'];

/// Pages of one object each, for each number of rows.
const things = {
  none: ({ run }) => [
    ...RUN_TABS.map((tab) => `/runs/${run}${tab}`), '/pipeline-runs/compare', '/models/bare', '/environments/train', '/environments/notebook',
  ],
  one: ({ run, promotion, flow, other, task, recurring }) => [
    `/pipeline-runs/compare?from=${flow}&to=${other}`, `/pipelines/numbers?tab=diff&to=loud`, `/pipeline-runs/${flow}?task=${task}&view=out.0.table`,
    ...RUN_TABS.map((tab) => `/runs/${run}${tab}`), ...PIPELINE.map((rest) => `/pipelines/numbers${rest}`), ...RECURRING.map((rest) => `/recurring-runs/${recurring}${rest}`), ...FLOW_TABS.map((tab) => `/pipeline-runs/${flow}${tab}`), `/runs/${run}?tab=artifacts&path=notes&file=notes%2Fread.txt`,
    '/models/iris', '/models/iris?card=edit', '/models/iris/1', '/models/iris/1?card=edit', '/models/iris/1?deploy=1', '/models/iris/1?promote=1', `/promotions/${promotion}`, `/promotions/${promotion}?log=1`, ...DEPLOYMENT_TABS.map((tab) => `/deployments/iris${tab}`),
    '/notebooks/explore', '/environments/tools', '/environments/tools?new=1',
  ],
  many: ({ run, promotion, flow, other, recurring }) => [
    `/pipeline-runs/compare?from=${flow}&to=${other}`, '/pipelines/pipeline-0?tab=diff&from=version-0&to=version-1',
    ...RUN_TABS.map((tab) => `/runs/${run}${tab}`), ...PIPELINE.map((rest) => `/pipelines/pipeline-0${rest}`), ...RECURRING.map((rest) => `/recurring-runs/${recurring}${rest}`), ...FLOW_TABS.map((tab) => `/pipeline-runs/${flow}${tab}`), `/pipeline-runs/${flow}?size=fit`, `/runs/${run}?tab=artifacts&path=plots&file=plots%2F7.txt`,
    '/runs?filter=metrics.loss%20%3C%200.3&order_by=metrics.loss%20DESC', '/runs?filter=nonsense', '/models/model-0', '/models/model-0/7',
    '/models/model-0/7?deploy=1', '/models/model-0/7?promote=1', '/models/model-0/7?against=6', `/promotions/${promotion}`, '/promotions?model=model-0', ...DEPLOYMENT_TABS.map((tab) => `/deployments/deployment-0${tab}`),
    '/notebooks/notebook-0', '/environments/env-0',
  ],
};
/// Nothing is there, and the page says so.
const MISSING = ['/nothing-here', ...['/runs/none', '/pipelines/none', '/pipelines/none/run', '/pipelines/none/schedule', '/recurring-runs/none', '/recurring-runs/none/edit', '/pipeline-runs/none', '/pipeline-runs/none/again', '/pipeline-runs/compare?from=none&to=other', '/pipelines/none?tab=diff&to=1', '/models/none', '/models/none/1', '/promotions/none', '/deployments/none', '/notebooks/none', '/environments/none'].map((p) => `/teams/${TEAM}${p}`), '/teams/nobody'];

/// What these show is known wherever anything is: who is signed in, and of which teams they are. The first ones also fail, without teams.
const TEAMS = ['/', '/?new=1', '/admin?tab=users', '/admin?tab=teams', `/teams/${TEAM}/team`];
const KNOWN = ['/admin?tab=users', '/admin?tab=teams', `/teams/${TEAM}/team`];

function tell(pages, looks) {
  test.info().annotations.push({ type: 'pages', description: String(pages) }, { type: 'looks', description: String(looks) });
}

/// Opens each path of a portal and looks at it. What the API refuses with one of
/// the states `refused` is said by the page.
async function visit(page, portal, paths, status = 200, refused = [status]) {
  const heard = listen(page);
  let looks = 0;
  for (const path of paths) {
    const response = await open(page, url(portal) + path);
    expect.soft(response.status(), path).toBe(status);
    looks += await look(page, portal, path);
  }
  // A browser writes an answer that is no success into its console itself.
  expect.soft(heard.filter((h) => !refused.some((s) => h.includes(`status of ${s}`)))).toEqual([]);
  tell(paths.length, looks);
}

test.describe.configure({ mode: 'parallel' });
test.beforeEach(({ page }) => prepare(page));

for (const portal of ['many', 'one', 'none']) {
  test.describe(`rows: ${portal}`, () => {
    test.describe.configure({ mode: 'default' });
    let seeds;
    test.beforeAll(async () => {
      test.setTimeout(1_200_000);
      seeds = await seeded(portal);
    });
    test.beforeEach(() => test.setTimeout(1_200_000));

    test(`${portal}: the platform and the lists of a team`, async ({ page }) => {
      await signIn(page, '/', portal);
      await visit(page, portal, [...PLATFORM, ...LISTS.map((path) => `/teams/${TEAM}${path}`)]);
    });

    test(`${portal}: the pages of things`, async ({ page }) => {
      if (portal === 'none') seeds = await bare();
      await signIn(page, '/', portal);
      // Of the many, a filter is no filter and a deployment to be tried does not run.
      await visit(page, portal, things[portal](seeds).map((path) => `/teams/${TEAM}${path}`), 200, portal === 'many' ? [409, 422] : []);
    });

    if (portal === 'none') {
      test('before anybody is signed in', async ({ page }) => {
        await visit(page, portal, ['/sign-in', '/sign-in?problem=User+or+password+is+wrong.&field=user&user=ada', '/setup', '/setup?token=x']);
      });

      test('what is not there is said', async ({ page }) => {
        await signIn(page, '/', portal);
        await visit(page, portal, MISSING, 404);
      });
    }

    if (portal === 'one') {
      test('an API that fails is said in a sentence, and the page stays', async ({ page }) => {
        await signIn(page, '/', portal);
        const heard = listen(page);
        await open(page, `${url(portal)}/teams/${TEAM}/notebooks`);
        const all = [...PLATFORM, ...[...LISTS, ...things.one(seeds)].map((path) => `/teams/${TEAM}${path}`)];
        // Without the teams themselves nothing of a team is there, and the pages of the platform say so.
        const [platform, paths] = [PLATFORM.filter((path) => path !== '/account'), all.filter((path) => !TEAMS.includes(path))];
        let looks = 0;
        const failing = (what, paths) => async () => {
          for (const path of paths) {
            await follow(page, path);
            await page.waitForURL(url(portal) + path);
            await expect.soft(page.getByText('Something went wrong here.').first(), path).toBeVisible({ timeout: 5000 });
            await expect.soft(page.locator('nav.nav'), path).toBeVisible();
            looks += await look(page, what, path);
          }
        };
        await broken(portal, failing('failing', paths));
        // A page of a team that reads itself again while there are no teams is refused as a whole.
        await follow(page, '/account');
        await page.waitForURL(`${url(portal)}/account`);
        await broken(portal, failing('teamless', platform), ['teams']);
        // Mended, the same page comes back by itself.
        await follow(page, `/teams/${TEAM}/notebooks`);
        await expect(page.getByRole('link', { name: 'explore' })).toBeVisible();
        expect.soft(heard).toEqual([]);
        tell(paths.length + platform.length, looks);
      });

      test('a server that does not answer is said in a sentence, and the page stays', async ({ page }) => {
        await signIn(page, '/', portal);
        await open(page, `${url(portal)}/teams/${TEAM}`);
        await page.route((u) => /^\/(teams|admin)/.test(u.pathname), (route) => route.abort());
        let looks = 0;
        for (const path of [`/teams/${TEAM}/runs`, ...KNOWN]) {
          await follow(page, path);
          await page.waitForURL(url(portal) + path);
          await expect.soft(page.getByText('The server did not answer.'), path).toBeVisible();
          await expect.soft(page.locator('nav.nav'), path).toBeVisible();
          looks += await look(page, 'away', path);
        }
        tell(KNOWN.length + 1, looks);
        await page.unrouteAll();
        await follow(page, `/teams/${TEAM}/runs?order_by=`);
        await expect(page.getByRole('link', { name: 'iris' }).first()).toBeVisible();
      });
    }
  });
}
