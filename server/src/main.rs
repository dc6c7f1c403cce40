use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|word| word == "shim") {
        return server::cluster::local::shim::shim_main(args);
    }
    ExitCode::SUCCESS
}
