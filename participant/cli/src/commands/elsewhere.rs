//! Commands that are for Linux, on other systems: each says so.
//!
//! They start isolates, or run programs as isolates would, by means that only Linux has:
//! namespaces, seccomp, Landlock, KVM and vsock.

macro_rules! linux_only {
    ($($module:ident { $($function:ident($($argument:ty),*) -> $what:ty: $command:literal;)* })*) => {$(
        pub(crate) mod $module {$(
            /// Says that this system has no such thing.
            pub(crate) fn $function($(_: $argument),*) -> Result<$what, crate::error::CliError> {
                Err(crate::error::CliError::LinuxOnly { command: $command })
            }
        )*}
    )*};
}

linux_only! {
    demo {
        run(&crate::args::DemoArgs, crate::output::Format) -> crate::output::Report: "demo";
    }
    exec { exec(&crate::args::ExecArgs) -> std::process::ExitCode: "exec"; }
    host {
        attester(&crate::args::AttesterArgs, crate::output::Format)
            -> Option<crate::output::Report>: "attester";
        host(&crate::args::HostArgs, crate::output::Format) -> (): "host";
    }
    isolates { isolates() -> crate::output::Report: "isolates"; }
    verifier {
        verifier(&crate::args::VerifierCommand, crate::output::Format)
            -> Option<crate::output::Report>: "verifier";
    }
}
