// Starts real servers on free ports, each with a data folder and an admin of its own, and ends them after the tests.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/// Where a portal listens and runs its workloads, as every script has it: local, or in the pods of a Kubernetes for tests.
const place = () => {
  const ask = 'import json, portal; port, _ = portal.free_ports(); print(json.dumps([f"http://127.0.0.1:{port}", portal.where(port)]))';
  return JSON.parse(execFileSync('python3', ['-c', ask], { cwd: new URL('../../scripts', import.meta.url), encoding: 'utf8' }));
};

export const ADMIN = { user: 'ada', password: 'correct horse battery' };
/// One for the journeys, one for each number of rows. A Kubernetes and a database are one portal's.
const PORTALS = process.env.TEST_CLUSTER_NODE || process.env.TEST_DATABASE_URL ? ['main'] : ['main', 'none', 'one', 'many'];

export default async function start() {
  const binary = process.env.SLIPWAY_BIN;
  if (!binary) throw new Error('SLIPWAY_BIN is not set: the path of the slipway binary (make test-browser sets it)');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-browser-'));
  process.env.SLIPWAY_SEEDS = folder;
  const running = await Promise.all(PORTALS.map((name) => serve(binary, folder, name)));
  return async () => {
    await Promise.all(running.map(({ url }) => rest(url).catch((e) => console.error(`what still runs could not be stopped: ${e}`))));
    await Promise.all(running.map(({ server }) => end(server)));
    rmSync(folder, { recursive: true, force: true });
  };
}

/// What the tests tell each other is no setting of a server.
const surroundings = () => Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('SLIPWAY_') || k === 'SLIPWAY_CACHE'));

async function serve(binary, folder, name) {
  const [url, where] = place();
  const log = process.env.SERVER_LOG ? openSync(path.join(process.env.SERVER_LOG, `${name}.log`), 'w') : 'ignore';
  const database = process.env.TEST_DATABASE_URL ? { SLIPWAY_DATABASE_URL: process.env.TEST_DATABASE_URL } : {};
  const server = spawn(binary, ['serve', ...where, '--data', path.join(folder, name)], {
    env: { ...surroundings(), ...database, SLIPWAY_ADMIN_USER: ADMIN.user, SLIPWAY_ADMIN_PASSWORD: ADMIN.password },
    stdio: ['ignore', log, log],
  });
  process.env[`SLIPWAY_URL_${name.toUpperCase()}`] = url;
  for (let tries = 0; ; tries++) {
    if (await fetch(`${url}/readyz`).then((r) => r.ok, () => false)) return { server, url };
    if (tries > 1200 || server.exitCode !== null) throw new Error(`the server ${name} did not become ready`);
    await new Promise((r) => setTimeout(r, 100));
  }
}

async function end(server) {
  const gone = new Promise((r) => server.once('exit', r));
  if (server.exitCode !== null) return;
  server.kill('SIGTERM');
  await gone;
}

/// Workloads outlive their server, so what runs is stopped before it; what only waits has no process.
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
      for (const { name, state } of items.filter((i) => !['stopped', 'failed', 'queued'].includes(i.state))) {
        left++;
        if (state !== 'stopping') await fetch(`${list}/${name}/stop`, { method: 'POST', headers });
      }
    }
    if (left === 0) return;
    await new Promise((r) => setTimeout(r, 500));
  }
}
