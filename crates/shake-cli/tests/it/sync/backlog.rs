//! What the target has not taken yet: in memory, then on disk, then nowhere.

use std::fs;
use std::path::Path;

use testbed::{Random, Server, ServerSpec, cmd, wait_equal};

use super::refused::sentence;
use super::tool::{PATIENCE, Tool, config, wait_until};

const MIB: u64 = 1 << 20;

/// A source, a target, and a link that follows with little memory.
fn following(advanced: &str) -> (Server, Server, Tool) {
    let source = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let advanced = format!("backlog_memory = \"4mb\"\n{advanced}");
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), &advanced));
    tool.wait_for_log("following the stream");
    (source, target, tool)
}

/// Writes that much of what cannot be compressed.
fn write(source: &Server, mib: u64) {
    let mut conn = source.conn().unwrap();
    let mut random = Random::new(11);
    for i in 0..mib {
        let set = |j| cmd("SET").arg(format!("k{i}.{j}")).arg(random.bytes(64 << 10));
        conn.pipeline(&(0..16).map(set).collect::<Vec<_>>()).unwrap();
    }
}

/// What the files below a directory take.
fn size(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let file = entry.metadata().ok()?;
            Some(if file.is_dir() { size(&entry.path()) } else { file.len() })
        })
        .sum()
}

/// Whether we have acknowledged all that the source has sent.
fn is_received(source: &Server) -> bool {
    let mut conn = source.conn().unwrap();
    let offset: u64 = conn.info("master_repl_offset").unwrap().parse().unwrap();
    let slave = conn.info("slave0").unwrap();
    slave.split(',').any(|part| part.strip_prefix("offset=").is_some_and(|acked| acked.parse() == Ok(offset)))
}

#[test]
fn what_memory_cannot_hold_waits_on_disk_in_order_and_leaves_nothing() {
    let (source, target, tool) = following("");
    let backlog = tool.dir().join("backlog");
    assert_eq!(size(&backlog), 0, "who keeps up never touches the disk");
    target.pause().unwrap();
    write(&source, 48);
    // The source is rid of it: all of it was read, though the target has taken none.
    wait_until("the source to be read to its end", || is_received(&source));
    wait_until("most of it on disk", || size(&backlog) > 40 * MIB);
    assert_eq!(tool.count_in_log("read only as fast"), 0, "{}", tool.log());
    target.cont().unwrap();
    wait_equal(source.addr(), target.addr(), PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    // Some of what is confirmed is kept, until as much has come behind it.
    wait_until("the files to be gone", || {
        write(&source, 1);
        size(&backlog) == 0
    });
    assert_eq!(tool.count_in_log(" full resync"), 1, "{}", tool.log());
    tool.end();
}

#[test]
fn a_disk_budget_that_is_used_up_holds_the_source_and_is_said() {
    let (source, target, mut tool) = following("backlog_disk = \"8mb\"");
    let backlog = tool.dir().join("backlog");
    target.pause().unwrap();
    write(&source, 40);
    tool.wait_for_log("its space on disk are used up: the source is read only as fast");
    assert!(size(&backlog) <= 8 * MIB, "{} bytes", size(&backlog));
    assert!(!is_received(&source));
    target.cont().unwrap();
    wait_equal(source.addr(), target.addr(), PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert_eq!(tool.count_in_log(" full resync"), 1, "{}", tool.log());
    tool.end();
}

#[test]
fn a_killed_process_leaves_files_that_the_next_one_removes() {
    let (source, target, mut tool) = following("");
    target.pause().unwrap();
    write(&source, 24);
    let backlog = tool.dir().join("backlog");
    wait_until("something on disk", || size(&backlog) > 8 * MIB);
    tool.kill();
    assert!(size(&backlog) > 8 * MIB);
    let foreign = backlog.join("somebody-elses");
    fs::write(&foreign, "data").unwrap();
    target.cont().unwrap();
    let tool = tool.restart();
    wait_equal(source.addr(), target.addr(), PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    wait_until("the files to be gone", || size(&backlog) == 4);
    assert_eq!(fs::read(&foreign).unwrap(), b"data");
    tool.end();
}

#[test]
fn a_place_on_disk_that_cannot_be_had_is_a_sentence() {
    let (source, _target, tool) = following("");
    // To the same target it would stand by.
    let other = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let config = config(("standalone", source.addr()), ("standalone", other.addr()), "");
    // The same source, in the same working directory: its backlog is taken.
    let taken = config.replace("{dir}", &tool.dir().display().to_string());
    let (code, line) = sentence(&taken);
    assert_eq!(code, 3, "{line}");
    assert!(line.contains("in use by another link or process") && line.contains("backlog_disk = 0"), "{line}");
    tool.end();
}
