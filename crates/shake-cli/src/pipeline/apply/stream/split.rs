//! Commands over several slots that can be taken apart by key.

use bytes::BytesMut;
use cluster_router::{Delivery, Route, Slot, slot_of};

use super::Commands;
use crate::pipeline::apply::Sink;
use crate::pipeline::apply::rewrite::MultiSet;
use crate::pipeline::apply::said::Said;
use crate::pipeline::apply::transaction::Handed;

/// How a command is taken apart.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// The name of the parts.
    name: &'static str,
    /// Where the first key is, and what is behind the last one.
    first: usize,
    end: usize,
    /// How many arguments go with a key.
    each: usize,
    /// Whether the parts are `SET` commands.
    sets: Option<MultiSet>,
}

impl Plan {
    fn of(said: Said<'_>) -> Option<Self> {
        let end = said.args.len();
        let plan = match said.spec.name {
            // Both took effect: no key was there.
            "MSETNX" => Self { name: "MSET", first: 1, end, each: 2, sets: None },
            "MSETEX" => {
                let set = MultiSet::read(said)?;
                Self { name: "SET", first: MultiSet::FIRST, end: set.end, each: 2, sets: Some(set) }
            }
            name => Self { name, first: 1, end, each: usize::from(said.spec.args_per_key), sets: None },
        };
        let args = plan.end.checked_sub(plan.first)?;
        (plan.each > 0 && args > 0 && args.is_multiple_of(plan.each)).then_some(plan)
    }

    fn keys(self) -> impl Iterator<Item = usize> {
        (self.first..self.end).step_by(self.each)
    }
}

impl Commands {
    /// Takes a command apart by slot: `MSET`, `DEL` and the like; false when it cannot be.
    pub(super) fn split(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> bool {
        let Some(plan) = Plan::of(said) else { return false };
        let mut keys: Vec<(Slot, usize)> = plan.keys().map(|key| (slot_of(said.arg(key)), key)).collect();
        // What is said last of a key counts: equal ones keep their order.
        keys.sort_by_key(|(slot, _)| *slot);
        for group in keys.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((slot, _)) = group.first() else { continue };
            let deletes = matches!(said.spec.name, "DEL" | "UNLINK");
            if deletes && self.are_in_doubt(*slot, group.iter().map(|(_, key)| said.arg(*key)), sink) {
                continue;
            }
            self.submit_keys(Route::Slot(*slot), said, plan, group.iter().map(|(_, key)| *key), sink);
        }
        true
    }

    /// Takes a command apart that has more arguments than older servers take at once; false when that is not needed.
    pub(super) fn split_giant(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> bool {
        if said.args.len() <= MOST_ARGS {
            return false;
        }
        let Some(plan) = Plan::of(said) else { return false };
        self.submit_keys(Route::Slot(Slot::MIN), said, plan, plan.keys(), sink);
        true
    }

    fn submit_keys(
        &mut self,
        route: Route,
        said: Said<'_>,
        plan: Plan,
        mut keys: impl Iterator<Item = usize>,
        sink: &mut dyn Sink,
    ) {
        loop {
            let some: Vec<usize> = keys.by_ref().take((MOST_ARGS - 1) / plan.each).collect();
            if some.is_empty() {
                return;
            }
            self.applied += 1;
            let mut out = std::mem::take(&mut self.scratch);
            let commands = match plan.sets {
                Some(set) => some.iter().map(|&key| set.put(said, key, self.settings.target, &mut out)).sum(),
                None => put_part(said, plan, &some, &mut out),
            };
            // Only commands that set or remove by name are taken apart.
            let delivery = Delivery::Repeatable;
            self.hand_over(Handed { route, commands, forgiving: false, delivery }, &out, sink);
            self.give_back(out);
        }
    }
}

fn put_part(said: Said<'_>, plan: Plan, keys: &[usize], out: &mut BytesMut) -> u32 {
    resp::put_array(out, 1 + keys.len() * plan.each);
    resp::put_bulk(out, plan.name.as_bytes());
    for index in keys.iter().flat_map(|&key| key..key + plan.each) {
        resp::put_bulk(out, said.arg(index));
    }
    1
}

/// The most arguments that a server before 7.0 takes, the name counted (`processMultibulkBuffer`).
const MOST_ARGS: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::super::bench::{NOW, apply, to, to_cluster, to_server};
    use crate::pipeline::target::Target;

    #[test]
    fn commands_over_several_slots_are_taken_apart_by_slot() {
        for (line, parts) in [
            ("MSET foo 1 bar 2 {foo}a 3 foo 4", &["5061 0: MSET bar 2", "12182 0: MSET foo 1 {foo}a 3 foo 4"][..]),
            ("DEL foo bar", &["5061 0: DEL bar", "12182 0: DEL foo"]),
            ("unlink foo bar", &["5061 0: UNLINK bar", "12182 0: UNLINK foo"]),
            ("MSETNX foo 1 bar 2", &["5061 0: MSET bar 2", "12182 0: MSET foo 1"]),
        ] {
            assert_eq!(apply(to_cluster(), &[line]).unwrap(), parts);
        }
        assert_eq!(apply(to_server(), &["MSET foo 1 bar 2"]).unwrap(), ["0 0: MSET foo 1 bar 2"]);
    }

    #[test]
    fn keys_with_one_expiry_are_set_slot_by_slot() {
        let at = NOW.0 + 7;
        let sets = |key: &str| format!("SET {key} 1 PXAT {at}");
        let line = "MSETEX 3 foo 1 bar 1 {foo}a 1 PX 7";
        let together = format!("12182 0: MULTI; {}; {}; EXEC", sets("foo"), sets("{foo}a"));
        assert_eq!(apply(to_cluster(), &[line]).unwrap(), [format!("5061 0: {}", sets("bar")), together]);
        let all = format!("0 0: MULTI; {}; {}; {}; EXEC", sets("foo"), sets("bar"), sets("{foo}a"));
        assert_eq!(apply(to_server(), &[line]).unwrap(), [all]);
        let old = to(Target::cluster("redis-6.0"));
        let lines = apply(old, &["MSETEX 2 foo 1 bar 1 EXAT 7 NX"]).unwrap();
        assert_eq!(lines[1], "12182 0: MULTI; SET foo 1; PEXPIREAT foo 7000; EXEC");
    }

    #[test]
    fn a_million_keys() {
        let line = format!("DEL{}", " foo".repeat(super::MOST_ARGS + 5));
        let lines = apply(to_server(), &[&line]).unwrap();
        let words: Vec<usize> = lines.iter().map(|line| line.split(' ').count() - 2).collect();
        assert_eq!(words, [super::MOST_ARGS, 7]);
        assert_eq!(apply(to_cluster(), &[&line.replacen("foo", "bar", 1)]).unwrap().len(), 3);
    }
}
