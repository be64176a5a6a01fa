//! JSON and commands as the tool writes them: the built program as a process, its output dropped.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use criterion::{Criterion, Throughput};
use testbed::{Scratch, find_binary};

use crate::shapes;

/// `shake-cli rdb json` and `rdb commands` on every shape; nothing, and said so, if the tool is not built.
pub(crate) fn bench(criterion: &mut Criterion) {
    let (Ok(program), Ok(folder)) = (find_binary("shake-cli"), Scratch::new("bench")) else {
        eprintln!("rdb/tool-*: NOT MEASURED: run `cargo build --release -p shake-cli` before");
        return;
    };
    for shape in shapes::all() {
        let file = folder.path().join(shape.name);
        if let Err(error) = std::fs::write(&file, &shape.file) {
            eprintln!("rdb/tool-*/{}: NOT MEASURED: {error}", shape.name);
            continue;
        }
        for work in ["json", "commands"] {
            let mut group = criterion.benchmark_group(format!("rdb/tool-{work}"));
            group.sample_size(10).throughput(Throughput::Bytes(shape.file.len() as u64));
            group.bench_function(shape.name, |bencher| bencher.iter(|| assert!(run(&program, work, &file))));
            group.finish();
        }
    }
}

/// Whether it ended well.
fn run(program: &Path, work: &str, file: &Path) -> bool {
    let status =
        Command::new(program).args(["rdb", work]).arg(file).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
