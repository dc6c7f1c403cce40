//! The migrations and the dashboard's files are embedded: build again when they change.
fn main() {
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-changed=../target/site");
    println!("cargo::rerun-if-changed=runtimes");
    // The folder has to be there for embedding; without `cargo xtask web` the server has pages but no script.
    if let Err(e) = std::fs::create_dir_all("../target/site/pkg") {
        println!("cargo::warning=cannot make target/site: {e}");
    }
}
