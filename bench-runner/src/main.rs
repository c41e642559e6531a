//! `bench-runner`: see [`bench_runner::cli`].

fn main() -> std::process::ExitCode {
    bench_runner::cli::main()
}
