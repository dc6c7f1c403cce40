// A portal's database, past its API: for faults, and for rows that the API is slow to make on purpose.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

/// Runs a script with `db`, the database of `portal`, and `sys.argv[2:]`.
export const python = (portal, script, ...args) =>
  execFileSync('python3', [
    '-c', `import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)\n${script}`,
    path.join(process.env.SLIPWAY_SEEDS, portal, 'slipway.db'), ...args.map(String),
  ]);

const copies = (loops) => `
few, many = int(sys.argv[2]), int(sys.argv[3])
def copy(table, where, **other):
    columns = [c[1] for c in db.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(":" + c if c in other else c for c in columns)
    db.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE {where}", other)
db.execute("BEGIN IMMEDIATE")
${loops}
db.execute("COMMIT")
`;
const MODELS = copies(`
for n in range(few, many):
    copy("models", f"name = 'model-{few - 1}'", id=f"{n:032x}", name=f"model-{n}")
of = "model_id = (SELECT id FROM models WHERE name = 'model-0')"
for n in range(few + 1, many + 2):
    copy("model_versions", f"{of} AND version = {few}", id=f"{n:032x}", version=n)
db.execute("UPDATE models SET last_version = ? WHERE name = 'model-0'", (many + 1,))
`);
const PEOPLE = copies(`
for n in range(few, many):
    new = f"{n:032x}"
    copy("users", f"name = 'user-{few - 1}'", id=new, name=f"user-{n}", display_name=f"User {n}")
    copy("members", f"user_id = (SELECT id FROM users WHERE name = 'user-{few - 1}')", user_id=new)
    copy("secrets", f"name = 'secret-{few - 1}'", name=f"secret-{n}")
    copy("tokens", f"name = 'token-{few - 1}'", id=new, hash=new, name=f"token-{n}")
    copy("teams", f"name = 'team-{few - 1}'", id=new, name=f"team-{n}", display_name=f"Team {n}")
    for table in ("members", "quotas", "stage_policies"):
        copy(table, f"team_id = (SELECT id FROM teams WHERE name = 'team-{few - 1}')", team_id=new)
db.execute("UPDATE teams SET members = (SELECT COUNT(*) FROM members WHERE team_id = teams.id)")
`);
const THINGS = copies(`
for n in range(few, many):
    copy("environments", f"name = 'env-{few - 1}'", id=f"{n:032x}", name=f"env-{n}")
    copy("environment_versions", f"environment_id = (SELECT id FROM environments WHERE name = 'env-{few - 1}')",
         id=f"{n:032x}", environment_id=f"{n:032x}", build="ready", progress=1.0, reason=None, workload_id=None)
for n in range(few + 1, many):
    copy("notebooks", f"name = 'notebook-{few}'", id=f"{n:032x}", name=f"notebook-{n}")
    copy("deployments", f"name = 'deployment-{few}'", id=f"{n:032x}", name=f"deployment-{n}")
    copy("revisions", f"deployment_id = (SELECT id FROM deployments WHERE name = 'deployment-{few}')", id=f"{n:032x}", deployment_id=f"{n:032x}")
`);
const FLOWS = copies(`
for n in range(few, many):
    copy("pipelines", f"name = 'pipeline-{few - 1}'", id=f"{n:032x}", name=f"pipeline-{n}", display_name=f"pipeline-{n}")
    copy("pipeline_versions", f"pipeline_id = (SELECT id FROM pipelines WHERE name = 'pipeline-{few - 1}')", id=f"{n:032x}", pipeline_id=f"{n:032x}")
of = "pipeline_id = (SELECT id FROM pipelines WHERE name = 'pipeline-0')"
for n in range(few, many):
    copy("pipeline_versions", f"{of} AND name = 'version-{few - 1}'", id=f"{many + n:032x}", name=f"version-{n}", display_name=f"version-{n}")
`);

/// Models from number `few` on to `many`, copies of the one before; versions of the first one likewise, one more of them.
export const moreModels = async (portal, few, many) => python(portal, MODELS, few, many);

/// Users, members, secrets, tokens and teams from number `few` on to `many`, copies of the one before.
export const morePeople = async (portal, few, many) => python(portal, PEOPLE, few, many);

/// Environments likewise; notebooks and deployments after number `few`, copies of that.
export const moreThings = async (portal, few, many) => python(portal, THINGS, few, many);

/// Pipelines with a version each from number `few` on to `many`, and versions of the first one, copies of the one before.
export const moreFlows = async (portal, few, many) => python(portal, FLOWS, few, many);
