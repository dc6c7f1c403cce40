// What lives in the browser: without it every page, link and form still works.
import init from "/pkg/slipway.js";

// The clients of MLflow and Kubeflow Pipelines print addresses of the pages that those have: they lead to ours.
function meant() {
  // Of no team: the server finds it.
  const [, what, rest] = location.hash.match(/^#\/(runs|pipelines|experiments|recurringrun)\/details\/([\w-]+(?:\/version\/[\w-]+)?)\/?(?:\?.*)?$/) ?? [];
  if (what) return `/open/${what}/${rest}`;
  const [, experiment, run, query] = location.hash.match(/^#\/experiments\/([\w-]+)(?:\/runs\/([\w-]+))?\/?(?:\?(.*))?$/) ?? [];
  const team = new URLSearchParams(query ?? "").get("workspace");
  if (!team) return undefined;
  const runs = `/teams/${encodeURIComponent(team)}/runs`;
  return run ? `${runs}/${encodeURIComponent(run)}` : `${runs}?experiment=${encodeURIComponent(experiment)}`;
}

function follow() {
  const there = meant();
  if (there) location.replace(there);
  return there;
}
addEventListener("hashchange", follow);

if (!follow()) init({ module_or_path: "/pkg/slipway_bg.wasm" });
