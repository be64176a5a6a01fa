//! The medians, for people and for programs.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use testbed::Error;

use crate::{
    arguments::Arguments,
    figures::{FIGURES, Figure, Run},
};

/// A table of all figures: the median, and the figure of each run.
pub(crate) fn table(runs: &[Run]) -> String {
    let mut text = format!("{:<36}{:>12}   runs\n", "", "median");
    for figure in FIGURES {
        let digits = figure.digits;
        let each: Vec<String> = runs.iter().map(|run| format!("{:.digits$}", (figure.of)(run))).collect();
        text.push_str(&format!("{:<36}{:>12.digits$}   {}\n", figure.title, median(figure, runs), each.join("  ")));
    }
    text
}

/// Writes the same to `bench-e2e.json` in the folder that builds go to.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_json(arguments: &Arguments, runs: &[Run]) -> Result<PathBuf, Error> {
    let file = build_folder()?.join("bench-e2e.json");
    fs::write(&file, json(arguments, runs)).map_err(Error::io(format!("write {}", file.display())))?;
    Ok(file)
}

fn json(arguments: &Arguments, runs: &[Run]) -> String {
    let figures: Vec<String> = FIGURES
        .iter()
        .map(|figure| {
            let each: Vec<String> = runs.iter().map(|run| (figure.of)(run).to_string()).collect();
            format!(
                "    \"{}\": {{ \"median\": {}, \"runs\": [{}] }}",
                figure.name,
                median(figure, runs),
                each.join(", ")
            )
        })
        .collect();
    format!(
        "{{\n  \"server\": {:?},\n  \"keys\": {},\n  \"figures\": {{\n{}\n  }}\n}}\n",
        arguments.server,
        arguments.keys,
        figures.join(",\n")
    )
}

/// Of an even number of runs, the mean of the two in the middle.
fn median(figure: &Figure, runs: &[Run]) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(figure.of).collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = ((values.len() - 1) / 2, values.len() / 2);
    f64::midpoint(values[low], values[high])
}

/// Benches lie in `target/release/deps`.
fn build_folder() -> Result<PathBuf, Error> {
    let me = env::current_exe().map_err(Error::io("find this program's own file"))?;
    let folder = me.ancestors().nth(3).map(Path::to_owned);
    folder.ok_or_else(|| Error::Usage(format!("{} does not lie in a build folder", me.display())))
}
