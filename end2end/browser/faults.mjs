// A fault that is real: tables of a portal's database are away for a while.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

/// What the pages show. Who is signed in, and of which teams they are, is still known.
const TABLES = [
  'notebooks', 'runs', 'experiments', 'models', 'model_versions', 'deployments', 'revisions', 'environments', 'environment_versions', 'quotas',
  'secrets', 'tokens', 'events', 'workloads', 'idempotency',
];
const RENAME = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
db.execute("PRAGMA legacy_alter_table = ON")
db.execute("PRAGMA foreign_keys = OFF")
for name in sys.argv[3:]:
    old, new = (name, name + "_away") if sys.argv[2] == "away" else (name + "_away", name)
    db.execute(f"ALTER TABLE {old} RENAME TO {new}")
`;

const move = (portal, where) =>
  execFileSync('python3', ['-c', RENAME, path.join(process.env.SLIPWAY_SEEDS, portal, 'slipway.db'), where, ...TABLES]);

/// Does `work` while the API of `portal` fails.
export async function broken(portal, work) {
  move(portal, 'away');
  try {
    await work();
  } finally {
    move(portal, 'back');
  }
}
