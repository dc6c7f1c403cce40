// A fault that is real: tables of a portal's database are away for a while.
import { python } from './database.mjs';

/// What the pages show. Who is signed in, and of which teams they are, is still known.
const TABLES = [
  'notebooks', 'runs', 'experiments', 'models', 'model_versions', 'deployments', 'revisions', 'environments', 'environment_versions', 'quotas',
  'secrets', 'tokens', 'events', 'workloads', 'idempotency', 'promotions', 'promotion_gates', 'stage_policies', 'replicas',
  'pipelines', 'pipeline_versions', 'pipeline_specs', 'pipeline_runs', 'tasks', 'pipeline_images', 'recurring_runs',
  'notices', 'notice_silences', 'webhooks', 'webhook_deliveries', 'mail_addresses',
];
const RENAME = `
db.execute("PRAGMA legacy_alter_table = ON")
db.execute("PRAGMA foreign_keys = OFF")
for name in sys.argv[3:]:
    old, new = (name, name + "_away") if sys.argv[2] == "away" else (name + "_away", name)
    db.execute(f"ALTER TABLE {old} RENAME TO {new}")
`;

/// Does `work` while the API of `portal` fails: `tables` are away.
export async function broken(portal, work, tables = TABLES) {
  const move = (where) => python(portal, RENAME, where, ...tables);
  move('away');
  try {
    await work();
  } finally {
    move('back');
  }
}
