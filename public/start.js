// What lives in the browser: without it every page, link and form still works.
import init from "/pkg/slipway.js";
init({ module_or_path: "/pkg/slipway_bg.wasm" });
