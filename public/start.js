// What lives in the browser: without it every page, link and form still works.
import init from "/pkg/slipway.js";

// The mlflow client prints addresses of MLflow's own pages: they lead to ours.
function follow() {
  const [, experiment, run, query] = location.hash.match(/^#\/experiments\/([\w-]+)(?:\/runs\/([\w-]+))?\/?(?:\?(.*))?$/) ?? [];
  const team = new URLSearchParams(query ?? "").get("workspace");
  if (!team) return;
  const runs = `/teams/${encodeURIComponent(team)}/runs`;
  location.replace(run ? `${runs}/${encodeURIComponent(run)}` : `${runs}?experiment=${encodeURIComponent(experiment)}`);
}
follow();
addEventListener("hashchange", follow);

init({ module_or_path: "/pkg/slipway_bg.wasm" });
