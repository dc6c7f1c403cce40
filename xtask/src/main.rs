//! `cargo xtask web [--release]`: the dashboard for the browser. Compiles `app` to wasm, makes the bindings, joins the style sheets, copies
//! `public/`, compresses. All of it lands in `target/site`, from where the server embeds it.

use anyhow::{Context, Result, ensure};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let release = args.iter().any(|a| a == "--release");
    match args.first().map(String::as_str) {
        Some("web") => web(release),
        Some("style") => style(),
        _ => anyhow::bail!("usage: cargo xtask web [--release] | cargo xtask style"),
    }
}

fn root() -> Result<PathBuf> {
    Path::new(env!("SLIPWAY_ROOT")).canonicalize().context("the clone")
}

fn site() -> Result<PathBuf> {
    Ok(root()?.join("target/site"))
}

fn web(release: bool) -> Result<()> {
    let root = root()?;
    std::env::set_current_dir(&root)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let profile = if release { "wasm-release" } else { "dev" };
    #[rustfmt::skip]
    run(Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into())).args([
        "rustc", "-p", "app", "--lib", "--crate-type", "cdylib", "--features", "browser",
        "--target", "wasm32-unknown-unknown", "--profile", profile,
    ]))?;
    let built = target.join("wasm32-unknown-unknown").join(if release { "wasm-release" } else { "debug" }).join("app.wasm");
    style()?;
    // What it was last made of; shrinking and compressing the same again takes longer than all else.
    let (stamp, from) = (root.join("target/site.stamp"), stamp(&built, release)?);
    let pkg = site()?.join("pkg");
    if fs::read_to_string(&stamp).is_ok_and(|last| last == from) && pkg.join("slipway_bg.wasm").exists() {
        return compress(&pkg.join("slipway.css"), release);
    }
    let _ = fs::remove_file(&stamp);
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(&built)
        .web(true)?
        .typescript(false)
        .out_name("slipway")
        .keep_debug(false)
        .remove_name_section(release)
        .remove_producers_section(release)
        .generate(&pkg)?;
    for file in fs::read_dir(&pkg)? {
        compress(&file?.path(), release)?;
    }
    Ok(fs::write(stamp, from)?)
}

/// Tells one input from another: what was compiled, and this program, which decides what becomes of it.
fn stamp(built: &Path, release: bool) -> Result<String> {
    let of = |path: &Path| -> Result<String> {
        let about = fs::metadata(path).with_context(|| format!("{}", path.display()))?;
        Ok(format!("{} {:?}", about.len(), about.modified()?))
    };
    Ok(format!("{release}, {}, {}", of(built)?, of(&std::env::current_exe()?)?))
}

/// `style/main.css` names its parts with `@import "x.css";` lines; they are joined in that order.
fn style() -> Result<()> {
    let (root, pkg) = (root()?, site()?.join("pkg"));
    fs::create_dir_all(&pkg)?;
    let mut out = String::new();
    for line in fs::read_to_string(root.join("style/main.css"))?.lines() {
        match line.strip_prefix("@import \"").and_then(|l| l.strip_suffix("\";")) {
            Some(part) => out.push_str(&fs::read_to_string(root.join("style").join(part)).with_context(|| format!("style/{part}"))?),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    put(&pkg.join("slipway.css"), out.as_bytes())?;
    for file in fs::read_dir(root.join("public"))? {
        let file = file?;
        put(&site()?.join(file.file_name()), &fs::read(file.path())?)?;
    }
    Ok(())
}

/// Writes `.br` and `.gz` beside a file in a release; in development removes what an earlier release left.
fn compress(path: &Path, release: bool) -> Result<()> {
    if !matches!(path.extension().and_then(|e| e.to_str()), Some("wasm" | "js" | "css")) {
        return Ok(());
    }
    let (br, gz) = (format!("{}.br", path.display()), format!("{}.gz", path.display()));
    if !release {
        let _ = (fs::remove_file(br), fs::remove_file(gz));
        return Ok(());
    }
    let data = fs::read(path)?;
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 11, 24);
    writer.write_all(&data)?;
    put(Path::new(&br), &writer.into_inner())?;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(&data)?;
    put(Path::new(&gz), &writer.finish()?)
}

/// Writes a file unless that is what is in it: the server is compiled anew when one of them changes.
fn put(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    fs::write(path, content).with_context(|| format!("{}", path.display()))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
