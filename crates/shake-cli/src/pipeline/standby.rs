//! Waiting while another process follows the same source.

use std::time::Duration;

use cluster_router::NodeAddr;
use tokio::time::sleep;
use tracing::{info, warn};

use super::positions::Identity;
use super::preflight::Ready;

/// Waits until nobody holds one of the links; answers whether somebody did.
///
/// Who holds a link has connections that bear its name, and says something at least once a second. Connections that have been
/// silent for longer are those of a process that hangs: whoever takes over ends them.
pub(super) async fn wait(ready: &Ready, links: &[Identity]) -> bool {
    let mut waited = false;
    while let Some(holder) = holder(ready, links).await {
        if !std::mem::replace(&mut waited, true) {
            warn!(
                "standing by: another process follows the source (connected to target {} from {}); this one takes over when \
                 that one ends",
                holder.node, holder.from
            );
        }
        sleep(EVERY).await;
    }
    if waited {
        info!("the other process is gone: taking over");
    }
    waited
}

struct Holder {
    node: NodeAddr,
    from: String,
}

async fn holder(ready: &Ready, links: &[Identity]) -> Option<Holder> {
    let names: Vec<String> = links.iter().map(|link| format!("shake:{}", link.link)).collect();
    for owner in ready.map.nodes() {
        let Ok(mut client) = ready.discovery.client(&owner.addr).await else { continue };
        let Ok(list) = client.text(&["CLIENT", "LIST"]).await else { continue };
        let list = String::from_utf8_lossy(&list).into_owned();
        let from = list.lines().find_map(|line| held_from(line, &names));
        if let Some(from) = from {
            return Some(Holder { node: owner.addr.clone(), from });
        }
    }
    None
}

/// Where a connection comes from, when it bears one of the names and is alive.
fn held_from(line: &str, names: &[String]) -> Option<String> {
    let field = |key: &str| line.split(' ').find_map(|field| field.strip_prefix(key));
    let bears = field("name=").is_some_and(|name| names.iter().any(|own| own == name));
    let silent: u64 = field("idle=")?.parse().ok()?;
    if bears && silent < SILENT_SECONDS { field("addr=").map(str::to_owned) } else { None }
}

const EVERY: Duration = Duration::from_secs(1);

/// A holder says something at least once a second; when it has not for so long, it hangs.
const SILENT_SECONDS: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_is_alive_and_bears_the_name() {
        let names = ["shake:abc".to_owned()];
        let line =
            |name: &str, idle: u64| format!("id=3 addr=10.0.0.1:50 laddr=x name={name} age=9 idle={idle} flags=N");
        assert_eq!(held_from(&line("shake:abc", 1), &names).as_deref(), Some("10.0.0.1:50"));
        assert_eq!(held_from(&line("shake:abc", SILENT_SECONDS), &names), None);
        assert_eq!(held_from(&line("shake:abcd", 1), &names), None);
        assert_eq!(held_from("", &names), None);
    }
}
