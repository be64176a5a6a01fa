//! FLUSHALL, FLUSHDB and CLUSTER FLUSHSLOT: what the source's shard owns goes, and nothing else.

use testbed::{
    Cluster, ClusterSpec, Command, Comparison, Conn, Dataset, Endpoint, Server, ServerSpec, cmd, slot_of, wait_equal,
};

use super::keyspace;
use super::tool::{PATIENCE, Tool, config, wait_until};

fn cluster(server: &str, primaries: usize) -> Cluster {
    Cluster::start(ClusterSpec::new(server).primaries(primaries).replicas(0)).unwrap()
}

fn wait_for_same(source: impl Into<Endpoint>, target: impl Into<Endpoint>, tool: &Tool) {
    let comparison = Comparison::default().ignore_prefix("shake:");
    let same = comparison.wait_equal(source, target, PATIENCE);
    same.unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
}

/// Waits until a shard's stream flows: a flush breaks off a transfer that the source has not seen the end of, and then all
/// is copied again.
fn write_and_wait(conn: &mut Conn, key: &str, source: impl Into<Endpoint>, target: impl Into<Endpoint>, tool: &Tool) {
    conn.call(["SET", key, "following"]).unwrap();
    wait_for_same(source, target, tool);
}

fn wait_until_following(tool: &mut Tool, shards: usize) {
    for _ in 0..shards {
        tool.wait_for_log("following the stream");
    }
}

/// A key of ours in every corner of the target.
fn reserve(target: &Cluster) -> Vec<String> {
    let keys: Vec<String> = (0..50).map(|n| format!("shake:{{{n}}}")).collect();
    for key in &keys {
        target.conn_for_key(key).unwrap().call(["SET", key, "ours"]).unwrap();
    }
    keys
}

fn are_there(target: &Cluster, keys: &[String]) -> bool {
    keys.iter().all(|key| target.conn_for_key(key).unwrap().call(["EXISTS", key]).unwrap().integer() == Some(1))
}

fn flush_of_a_shard(source: &str, target: &str) {
    let (source, target) = (cluster(source, 3), cluster(target, 2));
    Dataset::new(7).keys(6_000).fill(&source).unwrap();
    let ours = reserve(&target);
    let mut tool = Tool::between_clusters(&source, &target);
    wait_until_following(&mut tool, 3);
    let mut conn = source.conn(1).unwrap();
    let owned = keyspace::keys(&mut conn);
    let key = &owned[0];
    let set = |value: &str| -> Command { ["SET", key, value].into() };
    write_and_wait(&mut conn, key, &source, &target, &tool);
    // The same stream has writes before and behind it, also in one transaction.
    conn.pipeline(&[set("before"), "FLUSHALL".into(), set("behind")]).unwrap();
    wait_for_same(&source, &target, &tool);
    assert_eq!(conn.call("DBSIZE").unwrap().integer(), Some(1));
    conn.pipeline(&["MULTI".into(), set("a"), "FLUSHDB".into(), set("b"), "EXEC".into()]).unwrap();
    wait_for_same(&source, &target, &tool);
    assert!(are_there(&target, &ours));
    tool.end();
}

#[test]
fn a_shard_of_redis_7() {
    flush_of_a_shard("redis-7.0", "redis-7.0");
}

#[test]
fn a_shard_of_redis_6() {
    flush_of_a_shard("redis-6.0", "redis-6.0");
}

#[test]
fn a_shard_of_valkey_9() {
    flush_of_a_shard("valkey-9.1", "valkey-9.1");
}

/// The node that had a slot finds nothing in it, and does not say that it has moved.
#[test]
fn slots_that_have_moved_at_the_target_are_emptied_where_they_are() {
    let (source, target) = (cluster("redis-7.0", 1), cluster("redis-7.0", 2));
    let keys: Vec<String> = (0..5).map(|n| format!("{{moved}}{n}")).collect();
    let mut conn = source.conn(0).unwrap();
    for key in &keys {
        conn.call(["SET", key, "v"]).unwrap();
    }
    let mut tool = Tool::between_clusters(&source, &target);
    wait_for_same(&source, &target, &tool);
    write_and_wait(&mut conn, "following", &source, &target, &tool);
    let slot = slot_of(b"{moved}");
    let owner = target.owner(slot).unwrap();
    target.move_slot(slot, owner, 1 - owner).unwrap();
    // The tool has not heard of it: nothing else goes to that slot.
    conn.call("FLUSHALL").unwrap();
    tool.wait_for_log("deleted what a flush at the source has emptied");
    for key in &keys {
        assert_eq!(
            target.conn_for_key(key).unwrap().call(["EXISTS", key]).unwrap().integer(),
            Some(0),
            "{}",
            tool.log()
        );
    }
    tool.end();
}

#[test]
fn a_server_empties_a_cluster_but_for_what_is_ours() {
    let (source, target) = (Server::start(ServerSpec::new("redis-7.0")).unwrap(), cluster("redis-7.0", 3));
    Dataset::new(8).keys(2_000).fill(&source).unwrap();
    let ours = reserve(&target);
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("cluster", &target), ""));
    wait_until_following(&mut tool, 1);
    let mut conn = source.conn().unwrap();
    write_and_wait(&mut conn, "following", source.addr(), &target, &tool);
    conn.pipeline(&["SET gone 1".into(), "FLUSHALL SYNC".into(), "SET a 1".into(), "SET b 1".into()]).unwrap();
    wait_for_same(source.addr(), &target, &tool);
    conn.pipeline(&["MULTI".into(), "FLUSHDB".into(), "SET c 1".into(), "EXEC".into()]).unwrap();
    wait_for_same(source.addr(), &target, &tool);
    assert!(are_there(&target, &ours));
    tool.end();
}

/// Each primary in a process of its own, as with RedisShake v3, into one server.
#[test]
fn a_node_of_a_cluster_empties_its_slots_in_every_database_of_a_server() {
    let (source, target) = (cluster("redis-7.0", 2), Server::start(ServerSpec::new("redis-7.0")).unwrap());
    Dataset::new(9).keys(4_000).fill(&source).unwrap();
    let start = |addr| {
        let mut tool = Tool::start(&config(("standalone", Endpoint::from(addr)), ("standalone", target.addr()), ""));
        wait_until_following(&mut tool, 1);
        tool
    };
    let tools: Vec<Tool> = source.addrs().into_iter().map(start).collect();
    wait_for_same(&source, target.addr(), &tools[0]);
    let mut other = target.conn().unwrap();
    let mine = testbed::key_for_slot("mine", 5);
    let theirs = testbed::key_for_slot("theirs", 16_000);
    other.pipeline(&["SELECT 3".into(), ["SET", &mine, "x"].into(), ["SET", &theirs, "x"].into()]).unwrap();
    let mut conn = source.conn(source.owner(5).unwrap()).unwrap();
    write_and_wait(&mut conn, &mine, &source, target.addr(), &tools[0]);
    conn.call("FLUSHALL").unwrap();
    wait_for_same(&source, target.addr(), &tools[0]);
    wait_until("the other database", || other.call(["EXISTS", &mine]).unwrap().integer() == Some(0));
    assert_eq!(other.call(["EXISTS", &theirs]).unwrap().integer(), Some(1));
    tools.into_iter().for_each(Tool::end);
}

/// Both ends of a move have keys of the slot, and each lists its own.
fn a_half_moved_slot_is_emptied_at_both_ends(server: &str) {
    let (source, target) = (cluster(server, 1), cluster(server, 2));
    let mut conn = source.conn(0).unwrap();
    let sets: Vec<Command> = (0..500).map(|n| cmd("SET").arg(format!("{{half}}{n}")).arg("v")).collect();
    conn.pipeline(&sets).unwrap();
    let mut tool = Tool::between_clusters(&source, &target);
    wait_for_same(&source, &target, &tool);
    let slot = slot_of(b"{half}");
    let owner = target.owner(slot).unwrap();
    let other = 1 - owner;
    target.begin_move(slot, owner, other).unwrap();
    target.migrate_keys(slot, owner, other, 230).unwrap();
    let sizes = || [owner, other].map(|node| keyspace::size(&mut target.conn(node).unwrap()));
    assert_eq!(sizes(), [270, 230]);
    write_and_wait(&mut conn, "following", &source, &target, &tool);
    conn.call("FLUSHALL").unwrap();
    tool.wait_for_log("deleted what a flush at the source has emptied");
    wait_until("both ends to be empty", || sizes() == [0, 0]);
    target.finish_move(slot, owner, other).unwrap();
    conn.call("SET {half}new 1").unwrap();
    wait_for_same(&source, &target, &tool);
    tool.end();
}

#[test]
fn a_half_moved_slot_of_redis_7() {
    a_half_moved_slot_is_emptied_at_both_ends("redis-7.0");
}

#[test]
fn a_half_moved_slot_of_redis_6() {
    a_half_moved_slot_is_emptied_at_both_ends("redis-6.0");
}

/// A slot of the target that is half moved, with keys at both ends that have expired and are not deleted: those are listed,
/// and count as missing. A flush in the stream is not done with before they are.
struct Expired {
    source: Cluster,
    target: Cluster,
    slot: u16,
    ends: [usize; 2],
    tool: Tool,
}

impl Expired {
    fn begin() -> Self {
        let spec = ClusterSpec::new("redis-7.0").primaries(2).replicas(0).option("enable-debug-command", "yes");
        let (source, target) = (cluster("redis-7.0", 1), Cluster::start(spec).unwrap());
        let mut conn = source.conn(0).unwrap();
        let sets: Vec<Command> = (0..20).map(|n| cmd("SET").arg(format!("{{half}}{n}")).arg("v")).collect();
        conn.pipeline(&sets).unwrap();
        let tool = Tool::between_clusters(&source, &target);
        wait_for_same(&source, &target, &tool);
        write_and_wait(&mut conn, "following", &source, &target, &tool);
        let slot = slot_of(b"{half}");
        let owner = target.owner(slot).unwrap();
        let ends = [owner, 1 - owner];
        target.begin_move(slot, owner, 1 - owner).unwrap();
        target.migrate_keys(slot, owner, 1 - owner, 10).unwrap();
        let begun = Self { source, target, slot, ends, tool };
        begun.expire_some();
        conn.pipeline(&["FLUSHALL".into(), "SET behind 1".into()]).unwrap();
        begun
    }

    fn expire_some(&self) {
        self.delete_expired(false);
        for end in self.ends {
            let mut conn = self.target.conn(end).unwrap();
            for key in keyspace::keys(&mut conn).iter().filter(|key| key.starts_with("{half}")).take(3) {
                conn.pipeline(&["ASKING".into(), ["PEXPIRE", key, "1"].into()]).unwrap();
            }
        }
    }

    fn delete_expired(&self, yes: bool) {
        for end in self.ends {
            let set = cmd("DEBUG SET-ACTIVE-EXPIRE").arg(u16::from(yes));
            self.target.conn(end).unwrap().call(set).unwrap();
        }
    }

    fn wait_for_all_others_to_go(&self) {
        let is_empty = |end: &usize| keyspace::keys(&mut self.target.conn(*end).unwrap()).is_empty();
        wait_until("what has not expired to go", || self.ends.iter().all(is_empty));
    }

    fn end(mut self) {
        self.delete_expired(true);
        self.tool.wait_for_log("deleted what a flush at the source has emptied");
        self.target.finish_move(self.slot, self.ends[0], self.ends[1]).unwrap();
        wait_for_same(&self.source, &self.target, &self.tool);
        self.tool.end();
    }
}

#[test]
fn a_half_moved_slot_with_keys_that_are_gone_when_they_are_deleted() {
    let expired = Expired::begin();
    expired.wait_for_all_others_to_go();
    assert!(!expired.tool.log().contains("TRYAGAIN"), "{}", expired.tool.log());
    expired.end();
}

#[test]
fn a_sweep_that_is_answered_is_not_held() {
    let mut expired = Expired::begin();
    expired.wait_for_all_others_to_go();
    expired.target.conn(expired.ends[0]).unwrap().call("CLIENT KILL TYPE normal").unwrap();
    expired.tool.wait_for_log("connection lost");
    expired.tool.wait_for_log("commands flow again");
    assert_eq!(expired.tool.count_in_log("deleted what a flush"), 0, "{}", expired.tool.log());
    expired.end();
}

#[test]
fn a_sweep_goes_on_over_lost_connections() {
    let (source, target) = (cluster("redis-7.0", 1), cluster("redis-7.0", 2));
    let mut conn = source.conn(0).unwrap();
    for from in (0..100_000).step_by(10_000) {
        let sets: Vec<Command> = (from..from + 10_000).map(|n| cmd("SET").arg(format!("k{n}")).arg("v")).collect();
        conn.pipeline(&sets).unwrap();
    }
    let mut tool = Tool::between_clusters(&source, &target);
    wait_for_same(&source, &target, &tool);
    let size = || (0..2).map(|node| keyspace::size(&mut target.conn(node).unwrap())).sum::<usize>();
    write_and_wait(&mut conn, "k1", &source, &target, &tool);
    conn.pipeline(&["FLUSHALL".into(), "SET behind 1".into()]).unwrap();
    wait_until("the sweep to be under way", || size() < 100_000);
    for node in 0..2 {
        target.conn(node).unwrap().call("CLIENT KILL TYPE normal").unwrap();
    }
    tool.wait_for_log("deleted what a flush at the source has emptied");
    wait_for_same(&source, &target, &tool);
    assert_eq!(size(), 1);
    tool.end();
}

#[test]
fn one_slot_of_valkey() {
    let (source, target) = (cluster("valkey-9.1", 2), cluster("redis-7.0", 3));
    let slot = slot_of(b"{emptied}");
    let node = source.owner(slot).unwrap();
    let mut conn = source.conn(node).unwrap();
    let other = testbed::key_for_slot("kept", if slot > 8191 { slot - 1 } else { slot + 1 });
    conn.pipeline(&["SET {emptied}1 v".into(), "SET {emptied}2 v".into(), ["SET", &other, "v"].into()]).unwrap();
    let mut tool = Tool::between_clusters(&source, &target);
    wait_until_following(&mut tool, 2);
    write_and_wait(&mut conn, &other, &source, &target, &tool);
    conn.call(cmd("CLUSTER FLUSHSLOT").arg(slot).arg("SYNC")).unwrap();
    wait_for_same(&source, &target, &tool);
    assert_eq!(target.conn_for_key(&other).unwrap().call(["EXISTS", &other]).unwrap().integer(), Some(1));
    tool.end();
}

#[test]
fn a_source_that_does_not_answer_is_asked_again() {
    let (source, target) = (cluster("redis-7.0", 1), cluster("redis-7.0", 1));
    let mut conn = source.conn(0).unwrap();
    conn.call("SET k v").unwrap();
    let mut tool = Tool::between_clusters(&source, &target);
    wait_for_same(&source, &target, &tool);
    write_and_wait(&mut conn, "following", &source, &target, &tool);
    conn.call("CONFIG SET maxclients 3").unwrap();
    // Both connections that are left are ours: the link's, and this one. One more is let in for the test's own looks.
    let taken = source.conn(0).unwrap();
    conn.call("FLUSHALL").unwrap();
    tool.wait_for_log("the source is asked which slots it owns");
    conn.call("CONFIG SET maxclients 100").unwrap();
    drop(taken);
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

/// A source that lets nobody in any more, and a flush that it has said before a write.
fn flush_behind_a_closed_door() -> (Cluster, Conn, Cluster, Tool) {
    let (source, target) = (cluster("redis-7.0", 1), cluster("redis-7.0", 1));
    let mut conn = source.conn(0).unwrap();
    conn.call("SET gone v").unwrap();
    let mut tool = Tool::between_clusters(&source, &target);
    wait_for_same(&source, &target, &tool);
    write_and_wait(&mut conn, "following", &source, &target, &tool);
    // Connections that are there stay.
    conn.call("CONFIG SET requirepass sesame").unwrap();
    conn.pipeline(&["FLUSHALL".into(), "SET behind 1".into()]).unwrap();
    tool.wait_for_log("the source is asked which slots it owns");
    (source, conn, target, tool)
}

fn keys_of(target: &Cluster) -> Vec<String> {
    keyspace::keys(&mut target.conn(0).unwrap())
}

#[test]
fn a_source_that_never_answers_owns_what_it_owned_before() {
    let (_source, _conn, target, mut tool) = flush_behind_a_closed_door();
    tool.wait_for_log("the source does not say which slots it owns");
    wait_until("the flush and what is behind it", || keys_of(&target) == ["behind"]);
    tool.end();
}

#[test]
fn a_link_that_ends_behind_a_flush_ends_the_process() {
    let (_source, mut conn, target, mut tool) = flush_behind_a_closed_door();
    conn.call("CLIENT KILL TYPE replica").unwrap();
    assert_eq!(tool.wait(), 1, "{}", tool.log());
    let log = tool.log();
    assert!(log.contains("NOAUTH") && log.lines().last().is_some_and(|line| line.contains("NOAUTH")), "{log}");
    assert_eq!(keys_of(&target), ["behind"], "{log}");
}
