//! The one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A supervisor is started often and stays long: it takes nothing of the command line along.
    let mut args = std::env::args_os().skip(1).peekable();
    if args.next().is_some_and(|word| word == "shim") {
        return match args.peek() {
            Some(word) if word == "task" => server::launcher::main(),
            _ => server::cluster::local::shim::shim_main(args),
        };
    }
    server::cli::main()
}
