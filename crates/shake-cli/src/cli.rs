//! The command line.

use std::env::consts;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Plan};
use crate::exit::{Exit, Failure};
use crate::forget::ForgetArgs;
use crate::positions::PositionsArgs;
use crate::rdb::RdbArgs;

/// Keep two Redis or Valkey clusters in step.
///
/// Copies the data of the source to the target, then follows the source until stopped.
/// Files written for RedisShake v3 run unchanged. Passwords belong in the file, as
/// ${VARIABLE} or password_file: none is taken from the command line.
#[derive(Debug, Clone, Parser)]
#[command(name = "shake-cli", version = version(), after_help = after_help(), verbatim_doc_comment)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, disable_help_subcommand = true)]
pub struct Cli {
    /// The sync that is run; absent when a command is.
    #[command(flatten)]
    sync: Option<SyncArgs>,

    #[command(subcommand)]
    command: Option<Command>,
}

/// What there is to run beside a sync. A configuration file of the same name is given as `./rdb`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    Positions(PositionsArgs),
    Forget(ForgetArgs),
    Rdb(RdbArgs),
}

/// The arguments of a sync, as RedisShake takes them.
#[derive(Debug, Clone, Args)]
struct SyncArgs {
    /// The configuration file: what to read, where to write
    #[arg(value_name = "CONFIG")]
    config: PathBuf,

    /// Print what the configuration means, with every default filled in, and end
    #[arg(long)]
    print_config: bool,

    /// Draw no progress on the terminal: only log lines
    #[arg(long)]
    no_progress: bool,

    /// A Lua filter as RedisShake v3 takes it (not supported yet)
    #[arg(value_name = "FILTER")]
    filter: Option<PathBuf>,
}

impl Cli {
    /// Loads what the arguments ask for. `env` answers what an environment variable holds.
    ///
    /// # Errors
    /// With the exit code and the sentence to end with, when the arguments or the configuration cannot be used.
    pub fn plan(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<Plan, Failure> {
        let Some(sync) = &self.sync else {
            return Err(Failure::new(Exit::Usage, "no configuration file was given"));
        };
        if let Some(filter) = &sync.filter {
            let sentence = format!("{}: Lua filters are not supported yet", filter.display());
            return Err(Failure::new(Exit::Usage, sentence));
        }
        Ok(config::load(&sync.config, env)?)
    }

    /// What was asked for in place of a sync.
    pub(crate) fn work(&self) -> Option<&Command> {
        self.command.as_ref()
    }

    /// Whether progress may be drawn where there is a terminal.
    #[must_use]
    pub fn draws_progress(&self) -> bool {
        self.sync.as_ref().is_some_and(|sync| !sync.no_progress)
    }

    /// Whether the configuration is to be shown, and nothing else done.
    #[must_use]
    pub fn prints_config(&self) -> bool {
        self.sync.as_ref().is_some_and(|sync| sync.print_config)
    }
}

/// The version and the target it was built for.
fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let libc = match () {
            () if cfg!(target_env = "musl") => "-musl",
            () if cfg!(target_env = "gnu") => "-gnu",
            () => "",
        };
        format!("{} ({}-{}{libc})", env!("CARGO_PKG_VERSION"), consts::ARCH, consts::OS)
    });
    &VERSION
}

/// Examples and exit codes.
fn after_help() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = String::from(EXAMPLES);
        for exit in Exit::ALL {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {}  {}", exit.code(), exit.meaning());
        }
        text
    });
    &TEXT
}

const EXAMPLES: &str = "\
Examples:
  shake-cli sync.toml
  SOURCE_PASSWORD=... shake-cli /etc/sync/sync.toml
  shake-cli positions sync.toml
  shake-cli rdb stats dump.rdb

Exit codes:
";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    #[test]
    fn the_command_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help() {
        insta::assert_snapshot!(Cli::command().render_long_help());
    }

    #[test]
    fn short_help_has_examples_and_codes_too() {
        let help = Cli::command().render_help().to_string();
        assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
    }

    #[test]
    fn version_names_the_target() {
        let version = Cli::command().render_version();
        assert!(version.starts_with(concat!("shake-cli ", env!("CARGO_PKG_VERSION"), " (")), "{version}");
        assert!(version.contains(consts::ARCH) && version.contains(consts::OS), "{version}");
    }

    #[test]
    fn wrong_arguments_end_with_the_usage_code() {
        for args in [&["shake-cli"][..], &["shake-cli", "a", "b", "c"], &["shake-cli", "--nonsense"]] {
            let error = Cli::try_parse_from(args).unwrap_err();
            assert_eq!(error.exit_code(), i32::from(Exit::Usage.code()), "{args:?}");
        }
        let help = Cli::try_parse_from(["shake-cli", "--help"]).unwrap_err();
        assert_eq!((help.kind(), help.exit_code()), (ErrorKind::DisplayHelp, 0));
    }

    #[test]
    fn commands_stand_beside_the_configuration() {
        let commands = [&["rdb", "check"][..], &["positions", "sync.toml"], &["forget", "--all", "sync.toml"]];
        for command in commands {
            let cli = Cli::try_parse_from(["shake-cli"].iter().chain(command)).unwrap();
            assert!(cli.work().is_some(), "{command:?}");
        }
        for config in ["./rdb", "./positions", "./forget", "help", "check"] {
            let cli = Cli::try_parse_from(["shake-cli", config]).unwrap();
            assert!(cli.work().is_none(), "{config}");
        }
        for args in [&["shake-cli", "sync.toml", "rdb"][..], &["shake-cli", "--print-config", "sync.toml"]] {
            assert!(Cli::try_parse_from(args).unwrap().work().is_none(), "{args:?}");
        }
    }

    #[test]
    fn a_lua_filter_is_refused() {
        let cli = Cli::try_parse_from(["shake-cli", "sync.toml", "filter.lua"]).unwrap();
        let failure = cli.plan(&|_| None).unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        insta::assert_snapshot!(failure.line(), @"filter.lua: Lua filters are not supported yet");
    }
}
