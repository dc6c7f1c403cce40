// Starts the real server on free ports with a data folder of its own, with an admin, and ends it after the tests.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export const ADMIN = { user: 'ada', password: 'correct horse battery' };

export default async function start() {
  const binary = process.env.SLIPWAY_BIN;
  if (!binary) throw new Error('SLIPWAY_BIN is not set: the path of the slipway binary (make test-browser sets it)');
  const data = mkdtempSync(path.join(os.tmpdir(), 'slipway-browser-'));
  const [port, notebooks] = [await freePort(), await freePort()];
  const server = spawn(
    binary,
    ['serve', '--listen', `127.0.0.1:${port}`, '--notebook-listen', `127.0.0.1:${notebooks}`, '--data', data],
    {
      env: { ...process.env, SLIPWAY_ADMIN_USER: ADMIN.user, SLIPWAY_ADMIN_PASSWORD: ADMIN.password },
      stdio: ['ignore', 'ignore', process.env.SERVER_LOG ? 'inherit' : 'ignore'],
    },
  );
  const url = `http://127.0.0.1:${port}`;
  process.env.SLIPWAY_URL = url;
  for (let tries = 0; ; tries++) {
    if (await fetch(`${url}/readyz`).then((r) => r.ok, () => false)) break;
    if (tries > 300 || server.exitCode !== null) throw new Error('the server did not become ready');
    await new Promise((r) => setTimeout(r, 100));
  }
  return async () => {
    await rest(url).catch((e) => console.error(`what still runs could not be stopped: ${e}`));
    server.kill('SIGTERM');
    await new Promise((r) => server.once('exit', r));
    rmSync(data, { recursive: true, force: true });
  };
}

/// Workloads outlive their server, so they are stopped before it.
async function rest(url) {
  const signIn = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify(ADMIN),
  });
  const headers = { cookie: signIn.headers.get('set-cookie').split(';')[0], origin: url };
  const { teams } = await signIn.json();
  const each = teams.flatMap(({ name }) => ['notebooks', 'deployments'].map((kind) => `${url}/api/v1/teams/${name}/${kind}`));
  for (let tries = 0; tries < 60; tries++) {
    let left = 0;
    for (const list of each) {
      const { items } = await (await fetch(list, { headers })).json();
      for (const { name, state } of items.filter((i) => !['stopped', 'failed'].includes(i.state))) {
        left++;
        if (state !== 'stopping') await fetch(`${list}/${name}/stop`, { method: 'POST', headers });
      }
    }
    if (left === 0) return;
    await new Promise((r) => setTimeout(r, 500));
  }
}
