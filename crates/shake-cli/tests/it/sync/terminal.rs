//! What a person at a terminal sees.

use std::fs;

use testbed::{Dataset, Process, ProcessSpec, Scratch, Server, ServerSpec};

use super::tool::{PATIENCE, config, wait_until};

/// `shake-cli` in a pseudo terminal; everything it writes there is kept.
struct Terminal {
    process: Process,
    folder: Scratch,
}

impl Terminal {
    /// Of 100 columns; `args` come behind the configuration.
    fn start(config: &str, args: &str) -> Self {
        let folder = Scratch::new("terminal").unwrap();
        let path = folder.path().display().to_string();
        fs::write(folder.path().join("sync.toml"), config.replace("{dir}", &format!("{path}/data"))).unwrap();
        // The signal has to go to the tool, not to what holds the terminal.
        let tool = env!("CARGO_BIN_EXE_shake-cli");
        let command = format!("stty cols 100 rows 30; echo $$ > {path}/pid; exec '{tool}' '{path}/sync.toml' {args}");
        let spec = ProcessSpec::new("script").arg("-qefc").arg(command).arg("/dev/null").env("TERM", "xterm");
        Self { process: Process::start(&spec.env("SHELL", "/bin/sh")).unwrap(), folder }
    }

    fn raw(&self) -> String {
        self.process.log().unwrap()
    }

    fn log_file(&self) -> String {
        fs::read_to_string(self.folder.path().join("data/redis-shake.log")).unwrap()
    }

    fn interrupt(&mut self) {
        let pid = fs::read_to_string(self.folder.path().join("pid")).unwrap();
        let kill = std::process::Command::new("kill").arg("-INT").arg(pid.trim()).status().unwrap();
        assert!(kill.success());
        let status = self.process.wait(PATIENCE).unwrap();
        assert!(status.success(), "{}", self.raw());
    }
}

/// The lines that a terminal shows after `output`, as far as this output moves its cursor.
fn shown(output: &str) -> Vec<String> {
    let (mut rows, mut row, mut column) = (vec![Vec::<char>::new()], 0usize, 0usize);
    let mut chars = output.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => column = 0,
            '\n' => row += 1,
            '\x1b' => {
                assert_eq!(chars.next(), Some('['), "{output:?}");
                let mut digits = String::new();
                while let Some(c) = chars.next_if(|c| c.is_ascii_digit() || *c == ';') {
                    digits.push(c);
                }
                let n = digits.parse().unwrap_or(1);
                match chars.next() {
                    Some('A') => row = row.saturating_sub(n),
                    Some('B') => row += n,
                    Some('K') => rows[row].clear(),
                    Some('m') => {}
                    other => panic!("{other:?} in {output:?}"),
                }
            }
            c => {
                let cells = &mut rows[row];
                cells.resize(cells.len().max(column + 1), ' ');
                cells[column] = c;
                column += 1;
            }
        }
        rows.resize(rows.len().max(row + 1), Vec::new());
    }
    let text = |row: Vec<char>| row.into_iter().collect::<String>().trim_end().to_owned();
    rows.into_iter().map(text).filter(|line| !line.is_empty()).collect()
}

fn pair() -> (Server, Server) {
    let server = || Server::start(ServerSpec::new("redis-7.0")).unwrap();
    (server(), server())
}

#[test]
fn rows_below_the_log_lines_come_and_go() {
    let (source, target) = pair();
    Dataset::new(9).keys(200).fill(&source).unwrap();
    let config = config(("standalone", source.addr()), ("standalone", target.addr()), "");
    let mut terminal = Terminal::start(&config, "");
    let row = format!("{}  following, ", source.addr());
    wait_until("a row of the link", || terminal.raw().contains(&row));
    // A line that comes while rows are drawn, and two of those that the rows stand for.
    source.conn().unwrap().call("CLIENT KILL TYPE replica").unwrap();
    wait_until("a line below which the row is drawn again", || {
        let raw = terminal.raw();
        raw.rfind("continues where we were").is_some_and(|line| raw[line..].contains(&row))
    });
    wait_until("lines in the file", || terminal.log_file().matches("following, ").count() >= 2);
    terminal.interrupt();

    let raw = terminal.raw();
    let lines = shown(&raw);
    for line in &lines {
        assert!(line.starts_with("20") && line.contains("Z "), "no line of the log: {line:?}\n{lines:#?}");
    }
    assert!(lines.last().unwrap().contains("everything received is applied"), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("following, ")), "{lines:#?}");
    assert!(raw.contains("\x1b[32m"), "lines are coloured at a terminal");
    assert!(!terminal.log_file().contains('\x1b'));
}

#[test]
fn no_progress_leaves_lines_alone() {
    let (source, target) = pair();
    let config = config(("standalone", source.addr()), ("standalone", target.addr()), "");
    let mut terminal = Terminal::start(&config, "--no-progress");
    wait_until("a line of progress", || {
        terminal.raw().contains("INFO\x1b[0m ") && terminal.raw().contains("following, ")
    });
    terminal.interrupt();
    let raw = terminal.raw();
    assert!(!raw.contains("\x1b[2K"), "{raw:?}");
    assert_eq!(shown(&raw).iter().filter(|line| !line.starts_with("20")).count(), 0, "{raw:?}");
}
