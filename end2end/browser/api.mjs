// The API as a script uses it: a session for what needs one, a token for the rest.
import { ADMIN } from './server.mjs';

export const url = () => process.env.SLIPWAY_URL;

async function call(headers, method, path, body) {
  const response = await fetch(url() + path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/// A signed-in admin: `api('POST', '/api/v1/teams', {...})`.
export async function admin() {
  const response = await fetch(`${url()}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url() },
    body: JSON.stringify(ADMIN),
  });
  const cookie = response.headers.get('set-cookie').split(';')[0];
  return (method, path, body) => call({ cookie, origin: url() }, method, path, body);
}

/// A program with a token of `team`.
export async function program(team) {
  const api = await admin();
  const { token } = await api('POST', '/api/v1/tokens', { name: 'test', team, role: 'editor' });
  const send = (method, path, body) => call({ authorization: `Bearer ${token}` }, method, path, body);
  send.token = token;
  return send;
}

/// A team, made where it is not there yet.
export async function team(name) {
  const api = await admin();
  await api('POST', '/api/v1/teams', { name, display_name: name[0].toUpperCase() + name.slice(1) }).catch((e) => {
    if (!String(e).includes(' 409 ')) throw e;
  });
}

export async function until(what, look, seconds = 90) {
  for (let i = 0; i < seconds * 2; i++) {
    const found = await look();
    if (found) return found;
    await new Promise((r) => setTimeout(r, 500));
  }
  throw new Error(`waited ${seconds} s for ${what}`);
}
