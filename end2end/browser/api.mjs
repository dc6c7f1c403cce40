// The API as a script uses it: a session for what needs one, a token for the rest.
import { ADMIN } from './server.mjs';

/// Address of a portal: `main` for the journeys, `none`, `one` and `many` for the routes.
export const url = (portal = 'main') => process.env[`SLIPWAY_URL_${portal.toUpperCase()}`];

async function call(base, headers, method, path, body) {
  const raw = body instanceof Uint8Array;
  const response = await fetch(base + path, {
    method,
    headers: { ...headers, ...(body === undefined || raw ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined || raw ? body : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/// Somebody signed in: `api('POST', '/api/v1/teams', {...})`.
export async function signedIn(user, portal) {
  const origin = url(portal);
  const response = await fetch(`${origin}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify(user),
  });
  if (!response.ok) throw new Error(`sign-in: ${response.status} ${await response.text()}`);
  const cookie = response.headers.get('set-cookie').split(';')[0];
  return (method, path, body) => call(origin, { cookie, origin }, method, path, body);
}

/// The admin.
export const admin = (portal) => signedIn(ADMIN, portal);

/// A program with a token of `team`.
export async function program(team, portal) {
  const api = await admin(portal);
  const { token } = await api('POST', '/api/v1/tokens', { name: 'test', team, role: 'editor' });
  return (method, path, body) => call(url(portal), { authorization: `Bearer ${token}` }, method, path, body);
}

/// A team, made where it is not there yet.
export async function team(name, portal) {
  const api = await admin(portal);
  await api('POST', '/api/v1/teams', { name, display_name: name[0].toUpperCase() + name.slice(1) }).catch((e) => {
    if (!String(e).includes(' 409 ')) throw e;
  });
}

export async function until(what, look, seconds = 270) {
  for (let i = 0; i < seconds * 2; i++) {
    const found = await look();
    if (found) return found;
    await new Promise((r) => setTimeout(r, 500));
  }
  throw new Error(`waited ${seconds} s for ${what}`);
}

/// `one(i)` for each `i` below `n`, some at a time.
export async function each(n, one, width = 16) {
  let next = 0;
  const worker = async () => {
    while (next < n) await one(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
