//! What the rows say.

use std::time::{Duration, SystemTime};

use crate::meter::{Measured, Rates};
use crate::pipeline::{Figures, Holding, State};
use crate::units::{count, duration, of, size};

/// How rows look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Whether what is wrong stands out by its colour.
    pub(super) colour: bool,
}

impl Look {
    fn wrong(self, text: &str) -> String {
        if self.colour { format!("\x1b[33m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// A row for each link, or one for all when there are more than `most`.
pub(super) fn rows(links: &[Measured], most: usize, look: Look, now: SystemTime) -> Vec<String> {
    if links.len() > most {
        return vec![summary(links, look, now)];
    }
    let width = links.iter().map(|link| link.figures.node.len()).max().unwrap_or(0);
    links.iter().map(|link| format!("{:width$}  {}", link.figures.node, row(link, look, now))).collect()
}

fn row(link: &Measured, look: Look, now: SystemTime) -> String {
    let (figures, rates) = (&link.figures, link.rates);
    let doing = match figures.state {
        State::Starting if figures.snapshot_pending => "the source prepares its snapshot".to_owned(),
        State::Starting => "waiting for the source".to_owned(),
        State::Snapshot => copying(figures, rates),
        State::Stream => format!(
            "following, {} commands/s, {} behind, offset {}",
            rounded(rates.commands),
            size(figures.behind_bytes),
            figures.confirmed_offset
        ),
    };
    // In front of the rest: the end of a row is what a narrow terminal cuts off.
    match trouble(figures, now) {
        Some(trouble) => format!("{}; {doing}", look.wrong(&trouble)),
        None => doing,
    }
}

fn copying(figures: &Figures, rates: Rates) -> String {
    let keys = format!("{}, {} keys/s", of(figures.keys, "key"), rounded(rates.keys));
    let done = figures.snapshot_bytes;
    match figures.snapshot_len {
        Some(len) if len > 0 => {
            format!(
                "{} {} of {}, {keys}{}",
                bar(done, len),
                size(done),
                size(len),
                left(done, len, rates.snapshot_bytes)
            )
        }
        _ => format!("copying, {}, {keys}", size(done)),
    }
}

/// `[=====>    ]  45%`
fn bar(done: u64, len: u64) -> String {
    let done = done.min(len);
    let part = |of: usize| usize::try_from(u128::from(done) * of as u128 / u128::from(len.max(1))).unwrap_or(of);
    let (filled, tip) = if done < len { (part(BAR - 1), ">") } else { (BAR, "") };
    format!("[{:BAR$}] {:3}%", "=".repeat(filled) + tip, part(100))
}

fn left(done: u64, len: u64, rate: f64) -> String {
    let seconds = len.saturating_sub(done) as f64 / rate;
    match Duration::try_from_secs_f64(seconds) {
        Ok(left) => format!(", {} left", duration(left)),
        // Nothing has moved.
        Err(_) => String::new(),
    }
}

fn trouble(figures: &Figures, now: SystemTime) -> Option<String> {
    let held = figures.holding.as_ref().map(|holding| held(holding, now));
    let full = figures.backlog.waiting().map(|waiting| format!("not reading from the source: {waiting}"));
    let lost = (!figures.connected && figures.state != State::Starting).then(|| "source not connected".to_owned());
    let troubles: Vec<_> = [lost, held, full].into_iter().flatten().collect();
    (!troubles.is_empty()).then(|| troubles.join(", "))
}

fn held(holding: &Holding, now: SystemTime) -> String {
    let since = now.duration_since(holding.since).unwrap_or_default();
    format!("holding for {}: {}", duration(since), holding.reason)
}

/// All links in one row; of what is wrong, the first that has something.
fn summary(links: &[Measured], look: Look, now: SystemTime) -> String {
    let wrong: Vec<_> = links.iter().filter_map(|link| Some((link, trouble(&link.figures, now)?))).collect();
    let mut parts = vec![of(links.len() as u64, "link")];
    if let Some((link, trouble)) = wrong.first() {
        let more = if wrong.len() > 1 { format!(" and {} more", wrong.len() - 1) } else { String::new() };
        parts.push(look.wrong(&format!("{}{more} {trouble}", link.figures.node)));
    }
    let in_state = |state| links.iter().filter(move |link| link.figures.state == state);
    let (copying, following) = (in_state(State::Snapshot).count(), in_state(State::Stream).count());
    let waiting = links.len() - copying - following;
    if waiting > 0 {
        parts.push(format!("{waiting} waiting for the source"));
    }
    if copying > 0 {
        parts.push(format!("{copying} copying {}", all_copying(in_state(State::Snapshot))));
    }
    if following > 0 {
        let rate: f64 = in_state(State::Stream).map(|link| link.rates.commands).sum();
        let behind = in_state(State::Stream).map(|link| link.figures.behind_bytes).sum();
        parts.push(format!("{following} following, {} commands/s, {} behind", rounded(rate), size(behind)));
    }
    parts.join("; ")
}

fn all_copying<'a>(links: impl Iterator<Item = &'a Measured>) -> String {
    let (mut done, mut len, mut keys, mut rate, mut known) = (0, 0, 0.0, 0.0, true);
    for link in links {
        done += link.figures.snapshot_bytes;
        len += link.figures.snapshot_len.unwrap_or_default();
        known &= link.figures.snapshot_len.is_some();
        keys += link.rates.keys;
        rate += link.rates.snapshot_bytes;
    }
    let keys = format!("{} keys/s", rounded(keys));
    if known && len > 0 {
        return format!("{} {} of {}, {keys}{}", bar(done, len), size(done), size(len), left(done, len, rate));
    }
    format!("{}, {keys}", size(done))
}

/// A rate for people. One beyond every number is none that there is.
fn rounded(rate: f64) -> String {
    count(Duration::try_from_secs_f64(rate.round()).unwrap_or_default().as_secs())
}

const BAR: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look { colour: false };
    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn copying(node: &str) -> Measured {
        let figures = Figures {
            state: State::Snapshot,
            connected: true,
            snapshot_len: Some(300 << 20),
            snapshot_bytes: 120 << 20,
            keys: 12_345,
            ..Figures::of(node)
        };
        let rates = Rates { keys: 4_999.6, snapshot_bytes: (10 << 20) as f64, ..Rates::default() };
        Measured { figures, rates }
    }

    fn following(node: &str) -> Measured {
        let figures = Figures {
            state: State::Stream,
            connected: true,
            confirmed_offset: 98_120_331,
            behind_bytes: 2_048,
            ..Figures::of(node)
        };
        Measured { figures, rates: Rates { commands: 20_114.0, ..Rates::default() } }
    }

    fn holding(node: &str) -> Measured {
        let mut link = following(node);
        let since = NOW - Duration::from_secs(72);
        link.figures.holding = Some(Holding { reason: "10.2.0.1:6379: OOM".to_owned(), since });
        link
    }

    #[test]
    fn a_row_for_each_link() {
        let unknown = |mut link: Measured| {
            link.figures.snapshot_len = None;
            link
        };
        let starting = Measured { figures: Figures::of("10.1.0.14:6379"), rates: Rates::default() };
        let links = [
            copying("10.1.0.1:6379"),
            unknown(copying("10.1.0.2:6379")),
            following("10.1.0.3:6379"),
            holding("10.1.0.4:6379"),
            starting,
        ];
        insta::assert_snapshot!(rows(&links, 10, PLAIN, NOW).join("\n"));
    }

    #[test]
    fn many_links_have_one_row() {
        let mut links: Vec<_> = (0..20).map(|n| following(&format!("10.1.0.{n}:6379"))).collect();
        insta::assert_snapshot!(rows(&links, 10, PLAIN, NOW).join("\n"), @"20 links; 20 following, 402,280 commands/s, 40.0 KiB behind");
        links.extend([copying("a:1"), copying("b:1"), holding("c:1"), holding("d:1")]);
        insta::assert_snapshot!(rows(&links, 10, PLAIN, NOW).join("\n"), @"24 links; c:1 and 1 more holding for 1 min 12 s: 10.2.0.1:6379: OOM; 2 copying [=======>            ]  40% 240.0 MiB of 600.0 MiB, 9,999 keys/s, 18 s left; 22 following, 442,508 commands/s, 44.0 KiB behind");
    }

    #[test]
    fn what_is_wrong_is_coloured_and_nothing_else() {
        let shown = rows(&[holding("a:1"), following("b:1")], 10, Look { colour: true }, NOW);
        assert!(shown[0].starts_with("a:1  \x1b[33mholding for 1 min 12 s: 10.2.0.1:6379: OOM\x1b[0m; following"));
        assert!(!shown[1].contains('\x1b'), "{shown:?}");
    }

    #[test]
    fn bars_and_what_is_left() {
        assert_eq!([bar(0, 9), bar(9, 9), bar(u64::MAX, 1)].map(|bar| bar.matches('=').count()), [0, 20, 20]);
        assert_eq!(bar(1, 2), "[=========>          ]  50%");
        assert_eq!([left(0, 10, 0.0), left(5, 10, 5.0), left(10, 5, 1.0)], ["", ", 1 s left", ", 0 s left"]);
    }
}
