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
    server.kill('SIGTERM');
    await new Promise((r) => server.once('exit', r));
    rmSync(data, { recursive: true, force: true });
  };
}
