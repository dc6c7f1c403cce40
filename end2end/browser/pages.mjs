// What the specs do on pages, in the words of a person.
import { url } from './api.mjs';
import { ADMIN } from './server.mjs';

/// Every console message that is not plain information, and every error of a page.
export function listen(page) {
  const heard = [];
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && heard.push(`${m.type()}: ${m.text()} (${page.url()})`));
  page.on('pageerror', (e) => heard.push(`page error: ${e} (${page.url()})`));
  return heard;
}

export async function signIn(page, next = '/', portal = 'main') {
  await page.goto(`${url(portal)}/sign-in?next=${encodeURIComponent(next)}`, { waitUntil: 'domcontentloaded' });
  await page.getByLabel('User', { exact: true }).fill(ADMIN.user);
  await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((u) => !u.pathname.startsWith('/sign-in'));
}

/// Opens an address; the page has been taken over by its script: its buttons answer. The page of an address that leads nowhere has none.
export async function open(page, address) {
  const response = await page.goto(address, { waitUntil: 'domcontentloaded' });
  if (await page.locator('script[type=module]').count()) await started(page);
  return response;
}

/// The page answers by itself.
export async function started(page) {
  await page.waitForFunction(() => document.documentElement.dataset.started !== undefined);
}

/// Follows a link to `path` that the page does not have, within the page.
export async function follow(page, path) {
  await page.evaluate((href) => {
    const a = Object.assign(document.createElement('a'), { href });
    document.body.append(a);
    a.click();
    a.remove();
  }, path);
}
