// What the routes are visited with: nothing, one of each, a thousand of each. Made through the public API.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { admin, each, program, signedIn, team, until } from './api.mjs';
import { moreFlows, moreModels, morePeople, moreThings } from './database.mjs';
import { ADMIN } from './server.mjs';
import { crowded, numbers } from './pipelines.mjs';
import { environments, train } from './train.mjs';

export const TEAM = 'rows';
const MANY = 1000;
/// A page and a bit, of what is not made a thousand times through the API: one is made like the other, passwords are slow to hash on purpose,
/// environments are really built, a thousand notebooks are a queue. The rest of them are copies of the last one, in the database itself.
const FEW = 55;
const START = 1_790_000_000_000;
const SIX = 'six==1.17.0';

/// What was made for `portal`, once for all workers: names and ids that addresses need.
export async function seeded(portal) {
  const file = path.join(process.env.SLIPWAY_SEEDS, `${portal}.json`);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(await { none, one, many }[portal]()));
  return JSON.parse(readFileSync(file, 'utf8'));
}

const step = process.env.TIMES
  ? async (what, work) => {
      const began = performance.now();
      const out = await work;
      console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
      return out;
    }
  : (_, work) => work;

/// A model that a version can be deployed of; its server would not start.
export async function version(mlflow, send, run, model) {
  const about = 'artifact_path: model\nflavors:\n  python_function:\n    loader_module: mlflow.sklearn\n  sklearn:\n    pickled_model: model.pkl\n';
  await send('PUT', `/api/2.0/mlflow-artifacts/artifacts/${run.info.experiment_id}/${run.info.run_id}/artifacts/model/MLmodel`, new TextEncoder().encode(about));
  return mlflow('model-versions/create', { name: model, source: `runs:/${run.info.run_id}/model`, run_id: run.info.run_id });
}

/// What a bare page needs, for when the empty lists were seen: a run that logged nothing, a model without a version.
export async function bare() {
  const send = await program(TEAM, 'none');
  const { run } = await send('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0', run_name: 'bare', start_time: START });
  await send('POST', '/api/2.0/mlflow/registered-models/create', { name: 'bare' });
  return { run: run.info.run_id };
}

async function none() {
  await team(TEAM, 'none');
  return {};
}

/// One of each, really at work: a notebook, a run that trained a model, a deployment of it that answered once.
async function one() {
  await team(TEAM, 'one');
  const [api, send] = [await admin('one'), await program(TEAM, 'one')];
  const own = `/api/v1/teams/${TEAM}`;
  const of = (method, path, body) => send(method, own + path, body);
  await environments(of, until);
  await of('POST', '/environments', { name: 'tools', requirements: SIX, description: 'What every script needs.' });
  await of('POST', '/notebooks', { name: 'explore' });
  await api('PUT', `${own}/secrets/warehouse-key`, { value: 'x' });
  const run = await of('POST', '/runs', { name: 'iris', environment: 'train', command: ['python', '-c', train(0.05)], params: { depth: '4' } });
  const id = run.id;
  await step('run', until('the run', async () => ['succeeded', 'failed'].includes((await of('GET', `/runs/${id}`)).state), 180));
  await of('POST', '/model-versions', { model: 'iris', run_id: id });
  await of('POST', '/deployments', { name: 'iris', model: 'iris', version: 1 });
  const asked = await of('POST', '/promotions', { model: 'iris', version: 1, stage: 'Production', comment: 'The first one.' });
  await step('deployment', until('the deployment', async () => (await of('GET', '/deployments/iris')).state === 'running', 180));
  await of('POST', '/deployments/iris/try', (await of('GET', '/deployments/iris/example')).v1);
  await until('the notebook', async () => (await of('GET', '/notebooks/explore')).state === 'running', 540);
  await step('promotion', until('the promotion', async () => (await of('GET', `/promotions/${asked.id}`)).state !== 'checking', 180));
  await of('POST', '/pipelines', { spec: numbers() });
  const flow = await of('POST', '/pipeline-runs', { pipeline: 'numbers', parameters: { rows: 3, marker: '/nowhere' } });
  await step('pipeline', until('the pipeline run', async () => (await of('GET', `/pipeline-runs/${flow.id}`)).state === 'failed', 180));
  await of('POST', '/pipelines/numbers/versions', { spec: numbers('numbers').replace('looking for', 'waiting for'), name: 'loud' });
  const other = await of('POST', '/pipeline-runs', { pipeline: 'numbers', parameters: { rows: 4, marker: '/nowhere' } });
  await step('another', until('the other pipeline run', async () => (await of('GET', `/pipeline-runs/${other.id}`)).state === 'failed', 180));
  const task = (await of('GET', `/pipeline-runs/${flow.id}/tasks`)).find((t) => t.name === 'count').id;
  const nightly = await of('POST', '/recurring-runs', {
    pipeline: 'numbers', name: 'nightly', parameters: { rows: 3, marker: '/nowhere/[[ScheduledTime.2006-01-02]]' }, schedule: { cron: '0 0 2 * * MON-FRI', time_zone: 'Europe/Berlin' },
  });
  await of('POST', `/recurring-runs/${nightly.id}/run`);
  return { run: id, promotion: asked.id, flow: flow.id, other: other.id, task, recurring: nightly.id };
}

async function many() {
  await team(TEAM, 'many');
  const [api, send] = [await admin('many'), await program(TEAM, 'many')];
  const own = `/api/v1/teams/${TEAM}`;
  const mlflow = (call, body) => send('POST', `/api/2.0/mlflow/${call}`, body);
  const create = (i, name) => mlflow('runs/create', { experiment_id: '0', run_name: name, start_time: START + i });
  // Everything waits: the team may hold less than anything asks for.
  await api('PUT', `${own}/quota`, { cpu: '1m', memory: '1Mi', revision: (await api('GET', `${own}/quota`)).revision });
  await step('runs', each(MANY, async (i) => {
    const { run } = await create(i, `run-${i}`);
    const metrics = [0, 1, 2].map((at) => ({ key: 'loss', value: 1 / (at + 1 + i / MANY), timestamp: START + at, step: at }));
    await mlflow('runs/log-batch', { run_id: run.info.run_id, metrics, params: [{ key: 'lr', value: String(i) }] });
  }));
  await step('models', each(FEW, (i) => mlflow('registered-models/create', { name: `model-${i}` })));
  const { run } = await create(MANY, 'crowded');
  const id = run.info.run_id;
  const points = Array.from({ length: MANY }, (_, i) => ({ key: `metric-${String(i % 100).padStart(2, '0')}`, value: Math.sin(i / 9), timestamp: START + i, step: i }));
  await mlflow('runs/log-batch', { run_id: id, metrics: points });
  await mlflow('runs/log-batch', { run_id: id, params: Array.from({ length: 100 }, (_, i) => ({ key: `param-${i}`, value: `${i}`.repeat(40) })) });
  const file = `/api/2.0/mlflow-artifacts/artifacts/${run.info.experiment_id}/${id}/artifacts/plots`;
  await step('files', each(MANY, (i) => send('PUT', `${file}/${i}.txt`, new TextEncoder().encode(`plot ${i}\n`))));
  await version(mlflow, send, run, 'model-0');
  await step('versions', each(FEW - 1, () => mlflow('model-versions/create', { name: 'model-0', source: `runs:/${id}/model`, run_id: id })));
  await step('copies', moreModels('many', FEW, MANY));
  // Each takes the place of the one before; the last waits for an approval.
  await api('PUT', `${own}/stages/Staging`, { approvals: 1 });
  await step('promotions', each(MANY, (i) => send('POST', `${own}/promotions`, { model: 'model-0', version: i + 2, stage: 'Staging', comment: `the ${i}th` })));
  const [asked] = (await send('GET', `${own}/promotions?open=true`)).items;
  const gates = Array.from({ length: 40 }, (_, i) => `metric-${String(i).padStart(2, '0')} <= 1`);
  await api('PUT', `${own}/stages/Staging`, { gates: [...gates, 'no worse metric-01 maximize on any data'], approvals: 1, revision: 1 });
  await step('gates', until('the gates', async () => (await send('GET', `${own}/promotions/${asked.id}`)).gates_passed === 41));
  await step('secrets', each(FEW, (i) => api("PUT", `${own}/secrets/secret-${i}`, { value: "x" })));
  await step('tokens', each(FEW, (i) => api('POST', '/api/v1/tokens', { name: `token-${i}`, team: TEAM, role: 'viewer' })));
  await step('users', each(FEW, (i) => api('POST', '/api/v1/users', { name: `user-${i}`, password: ADMIN.password, admin: i === 0 })));
  await step('members', each(FEW, (i) => api('PUT', `${own}/members/user-${i}`, { role: 'viewer' })));
  // Of another admin's making: the visitor is in one team.
  const other = await signedIn({ ...ADMIN, user: 'user-0' }, 'many');
  await step('teams', each(FEW, (i) => other('POST', '/api/v1/teams', { name: `team-${i}`, display_name: `Team ${i}` })));
  await step('copies', morePeople('many', FEW, MANY));
  await step('environments', each(FEW, (i) => send('POST', `${own}/environments`, { name: `env-${i}`, requirements: SIX, description: '' })));
  // A page of them waits, one rests.
  const waits = async (i, kind, body) => {
    const name = `${kind}-${i}`;
    await send('POST', `${own}/${kind}s`, { name, ...body });
    if (i >= FEW) await send('POST', `${own}/${kind}s/${name}/stop`);
  };
  await step('notebooks', each(FEW + 1, (i) => waits(i, 'notebook', {})));
  await step('deployments', each(FEW + 1, (i) => waits(i, 'deployment', { model: 'model-0', version: 1 })));
  const stopped = async (kind) => (await send('GET', `${own}/${kind}s/${kind}-${FEW}`)).state === 'stopped';
  await until('what rests', async () => (await stopped('notebook')) && (await stopped('deployment')));
  await step('copies', moreThings('many', FEW, MANY));
  await step('pipelines', each(FEW, (i) => send('POST', `${own}/pipelines`, { name: `pipeline-${i}`, spec: numbers() })));
  await step('versions of one', each(FEW, (i) => send('POST', `${own}/pipelines/pipeline-0/versions`, { name: `version-${i}`, spec: numbers() })));
  await step('copies', moreFlows('many', FEW, MANY));
  const parameters = { rows: 3, marker: '/nowhere' };
  await step('pipeline runs', each(FEW, () => send('POST', `${own}/pipeline-runs`, { pipeline: 'pipeline-0', parameters })));
  const flow = await send('POST', `${own}/pipeline-runs`, { spec: crowded(500) });
  await until('its tasks', async () => (await send('GET', `${own}/pipeline-runs/${flow.id}/tasks`)).length === 500);
  const beside = await send('POST', `${own}/pipeline-runs`, { spec: crowded(500) });
  await until('the tasks of the other', async () => (await send('GET', `${own}/pipeline-runs/${beside.id}/tasks`)).length === 500);
  const schedule = { cron: '0 15,45 2-6 1,15 * MON', time_zone: 'America/New_York' };
  const body = (i) => ({ pipeline: 'pipeline-0', name: `recurring-${i}`, parameters, schedule, overlap: 'skip', enabled: i % 2 === 0 });
  await step('recurring runs', each(MANY, (i) => send('POST', `${own}/recurring-runs`, body(i))));
  const recurring = await send('POST', `${own}/recurring-runs`, { ...body(MANY), enabled: true });
  await step('runs of one', each(FEW, () => send('POST', `${own}/recurring-runs/${recurring.id}/run`)));
  return { run: id, promotion: asked.id, flow: flow.id, other: beside.id, recurring: recurring.id };
}
