// What the specs do on pages, in the words of a person.
import AxeBuilder from '@axe-core/playwright';
import { expect } from '@playwright/test';
import { url } from './api.mjs';
import { ADMIN } from './server.mjs';

/// Every console message that is not plain information, and every error of a page.
export function listen(page) {
  const heard = [];
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && heard.push(`${m.type()}: ${m.text()} (${page.url()})`));
  page.on('pageerror', (e) => heard.push(`page error: ${e} (${page.url()})`));
  return heard;
}

export async function signIn(page, next = '/') {
  await page.goto(`${url()}/sign-in?next=${encodeURIComponent(next)}`);
  await page.getByLabel('User', { exact: true }).fill(ADMIN.user);
  await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((u) => !u.pathname.startsWith('/sign-in'));
}

/// The page has been taken over by the script: its buttons answer.
export async function hydrated(page) {
  await page.waitForFunction(() => document.documentElement.dataset.hydrated !== undefined);
}

/// Nothing scrolls sideways, and axe finds nothing.
export async function decent(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect.soft(wide, `${name} scrolls sideways`).toBeLessThanOrEqual(0);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.slice(0, 3).map((n) => `    ${n.html.slice(0, 160)}`).join('\n')}`);
  expect.soft(told, name).toEqual([]);
}
