//! The one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A supervisor is started often and stays long: it takes nothing of the command line along.
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|word| word == "shim") {
        return server::cluster::local::shim::shim_main(args);
    }
    server::cli::main()
}
