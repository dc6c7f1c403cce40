// Debian's Chromium; nothing is downloaded. Two workers: the machine that runs this has few cores.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: './browser',
  testMatch: '*.spec.mjs',
  workers: 2,
  timeout: 420_000,
  expect: { timeout: 60_000 },
  reporter: [['list'], ['./browser/count.mjs']],
  outputDir: './test-results',
  globalSetup: './browser/server.mjs',
  use: {
    browserName: 'chromium',
    // A trace of every step costs a third of all: TRACE=1 asks for them.
    trace: process.env.TRACE ? 'retain-on-failure' : 'off',
    screenshot: 'only-on-failure',
    actionTimeout: 90_000,
    navigationTimeout: 180_000,
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
        '--no-first-run', '--disable-quic',
      ],
    },
  },
});
