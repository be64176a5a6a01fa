//! What a stream may hold, between real servers: every line says what becomes of a command of its kind.

use testbed::{Cluster, ClusterSpec, Command, Comparison, Conn, Endpoint, Server, ServerSpec, cmd};

use super::tool::{PATIENCE, Tool, config, wait_until};

fn server(name: &str) -> Server {
    Server::start(ServerSpec::new(name)).unwrap()
}

fn cluster(name: &str) -> Cluster {
    Cluster::start(ClusterSpec::new(name).replicas(0)).unwrap()
}

/// Follows, so that all that is said from now on goes through the stream.
fn follow(source: &Server, target: (&str, impl Into<Endpoint>), sync: &str) -> Tool {
    let mut tool = start(source, target, sync);
    tool.wait_for_log("following the stream");
    tool
}

fn start(source: &Server, target: (&str, impl Into<Endpoint>), sync: &str) -> Tool {
    let config = config(("standalone", source.addr()), target, "");
    Tool::start(&config.replace("[advanced]", &format!("{sync}\n[advanced]")))
}

fn say(conn: &mut Conn, lines: &[&str]) {
    let commands: Vec<Command> = lines.iter().map(|line| (*line).into()).collect();
    for (line, reply) in lines.iter().zip(conn.pipeline(&commands).unwrap()) {
        assert!(reply.error().is_none(), "{line}: {reply:?}");
    }
}

fn wait_for_same(source: &Server, target: impl Into<Endpoint>, tool: &Tool) {
    let same = Comparison::default().wait_equal(source.addr(), target, PATIENCE);
    same.unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
}

/// Commands of redis 6.0 and later, on keys of one slot where a cluster asks for that.
const COMMON: &[&str] = &[
    "sEt lower v",
    "SET conditional v NX EX 1000",
    "SET conditional w XX KEEPTTL",
    "SETNX {r}once v",
    "MSETNX {m}1 a {m}2 b",
    "MSET far 1 apart 2 again 3 far 4",
    "APPEND far x",
    "SETRANGE far 5 end",
    "BITFIELD bits SET u8 0 255 INCRBY u8 8 3",
    "INCRBYFLOAT number 1.25",
    "GETSET far new",
    "RPUSH {l}1 a b c d e f g",
    "RPOPLPUSH {l}1 {l}2",
    "BLPOP {l}1 1",
    "LINSERT {l}1 BEFORE d x",
    "LTRIM {l}1 0 4",
    "LREM {l}1 0 d",
    "SADD {s}1 a b c d e",
    "SADD {s}2 c d e f",
    "SPOP {s}1",
    "SPOP {s}1 2",
    "SMOVE {s}2 {s}3 f",
    "SUNIONSTORE {s}4 {s}1 {s}2",
    "ZADD {z}1 1.1 a 0.1234567890123 b 1e-9 c",
    "ZADD {z}2 XX CH 5 a",
    "ZINCRBY {z}1 2.5 a",
    "ZUNIONSTORE {z}3 2 {z}1 {z}2 WEIGHTS 2 3",
    "ZPOPMIN {z}1",
    "HSET h f 1 g 2",
    "HSETNX h n 1",
    "HINCRBYFLOAT h f 0.5",
    "GEOADD {g}1 13.36 38.11 p 15.08 37.50 c",
    "GEORADIUS {g}1 15 37 200 km STORE {g}2",
    "GEORADIUSBYMEMBER {g}1 p 200 km STOREDIST {g}3",
    "SORT {l}1 ALPHA DESC STORE {l}sorted",
    "SORT {l}1 BY nosort STORE {l}unsorted",
    "PFADD {p}1 a b c",
    "PFCOUNT {p}1",
    "PFADD {p}2 d",
    "PFMERGE {p}3 {p}1 {p}2",
    "XADD x 1-1 f v",
    "XADD x MAXLEN ~ 100 2-1 f v",
    "XADD x 3-1 f v",
    "XGROUP CREATE x g 0 MKSTREAM",
    "XREADGROUP GROUP g one COUNT 2 STREAMS x >",
    "XCLAIM x g two 0 1-1",
    "XACK x g 2-1",
    "XDEL x 3-1",
    "XSETID x 9-1",
    "XGROUP CREATE x h $",
    "XGROUP SETID x h 2-1",
    "RENAME {r}once {r}renamed",
    "SET {r}a v",
    "RENAMENX {r}a {r}b",
    "DEL far apart nothing",
    "UNLINK again lower",
    "MULTI",
    "EXEC",
    "MULTI",
    "SET {t}1 a",
    "SET other b",
    "INCR {t}2",
    "EXEC",
    "EXPIREAT bits 4102444800",
    "PEXPIREAT number 4102444800123",
    "PERSIST bits",
];

/// What redis has had since 7.0.
const SINCE_7: &[&str] = &[
    "SET get v GET",
    "GETEX get EX 1000",
    "GETEX get PERSIST",
    "EXPIRE get 1000 NX",
    "EXPIRE get 2000 GT",
    "SET deleted v",
    "GETDEL deleted",
    "COPY {r}b {r}c DB 0",
    "COPY {r}b {r}c REPLACE",
    "LMOVE {l}1 {l}2 RIGHT LEFT",
    "LMPOP 2 {l}none {l}2 LEFT COUNT 2",
    "ZRANGESTORE {z}4 {z}3 0 1",
    "ZDIFFSTORE {z}5 2 {z}3 {z}4",
    "GEOSEARCHSTORE {g}4 {g}1 FROMMEMBER p BYRADIUS 200 km STOREDIST",
    "XADD x NOMKSTREAM MAXLEN ~ 2 LIMIT 100 20-1 f v",
    "XTRIM x MINID ~ 2",
    "XAUTOCLAIM x g three 0 0",
    "XGROUP CREATECONSUMER x g four",
    "XGROUP CREATE x i 2-1 ENTRIESREAD 2",
    "XSETID x 99-1 ENTRIESADDED 100 MAXDELETEDID 3-1",
    "SINTERSTORE {s}5 {s}1 {s}2",
];

#[test]
fn into_a_cluster_of_another_version() {
    let (source, target) = (server("redis-7.0"), cluster("redis-8.0"));
    let tool = follow(&source, ("cluster", &target), "");
    let mut conn = source.conn().unwrap();
    say(&mut conn, COMMON);
    say(&mut conn, SINCE_7);
    wait_for_same(&source, &target, &tool);
    tool.end();
}

#[test]
fn from_an_older_server() {
    let (source, target) = (server("redis-6.0"), cluster("redis-7.0"));
    let tool = follow(&source, ("cluster", &target), "");
    say(&mut source.conn().unwrap(), COMMON);
    // Its expiries are relative, and it cannot tell absolute ones; the counters of streams begin with 7.0.
    wait_for_values(&source, &target, &tool, &["conditional", "x"]);
    tool.end();
}

#[test]
fn into_an_older_server() {
    let (source, target) = (server("redis-7.0"), server("redis-6.0"));
    let mut tool = follow(&source, ("standalone", target.addr()), "");
    let mut conn = source.conn().unwrap();
    // Of the newer commands those that have a form for older servers; the others are refused by name.
    say(&mut conn, COMMON);
    let said =
        SINCE_7.iter().filter(|line| !["COPY", "LMOV", "LMPO", "ZRAN", "ZDIF", "GEOS", "XTRI"].contains(&&line[..4]));
    say(&mut conn, &said.copied().collect::<Vec<_>>());
    say(&mut conn, &["SPUBLISH channel message", "FUNCTION FLUSH"]);
    wait_for_values(&source, target.addr(), &tool, &["x"]);
    tool.wait_for_log("the source has functions, and the target cannot load them: left out");
    let mut other = target.conn().unwrap();
    assert_eq!(other.call("XLEN x").unwrap().integer(), conn.call("XLEN x").unwrap().integer());
    assert_eq!(other.call("XPENDING x g").unwrap(), conn.call("XPENDING x g").unwrap());
    say(&mut conn, &["COPY {r}b {r}c"]);
    assert_eq!(tool.wait(), 1, "{}", tool.log());
    assert!(tool.log().contains("refused COPY {r}b at offset"), "{}", tool.log());
}

/// Waits until values are equal but for those of some keys, whose metadata an older server does not have.
fn wait_for_values(source: &Server, target: impl Into<Endpoint>, tool: &Tool, but_for: &[&str]) {
    let comparison = but_for.iter().fold(Comparison::default(), |comparison, key| comparison.ignore_prefix(key));
    let same = comparison.wait_equal(source.addr(), target, PATIENCE);
    same.unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
}

/// What only valkey has, and hashes whose fields expire.
#[test]
fn from_valkey_9_into_redis_7() {
    let (source, target) = (server("valkey-9.1"), server("redis-7.0"));
    let mut tool = follow(&source, ("standalone", target.addr()), "");
    let mut conn = source.conn().unwrap();
    say(
        &mut conn,
        &[
            "SET a 1",
            "SET a 2 IFEQ 1",
            "SET b 1",
            "DELIFEQ b 1",
            "MSETEX 2 c 1 d 2 PX 1000000",
            "MSETEX 1 e 1 NX",
            "HSETEX h EX 1000 FIELDS 2 f 1 g 2",
            "HEXPIRE h 1000 FIELDS 1 f",
            "HPERSIST h FIELDS 1 f",
            "HGETEX h PX 1000000 FIELDS 1 g",
            "HGETDEL h FIELDS 1 f",
            "HSET short f 1 g 2",
            "HPEXPIRE short 50 FIELDS 1 f",
        ],
    );
    tool.wait_for_log("fields of hashes expire at the source, and cannot at the target");
    let mut other = target.conn().unwrap();
    // The source says when a field is gone.
    wait_until("the field to go", || other.call("HKEYS short").unwrap().items().len() == 1);
    for command in ["GET a", "EXISTS b", "GET c", "PEXPIRETIME d", "GET e", "HGETALL h"] {
        assert_eq!(other.call(command).unwrap(), conn.call(command).unwrap(), "{command}");
    }
    tool.end();
}

fn fields_expire(source: &str, target: &str) {
    let (source, target) = (server(source), cluster(target));
    let tool = follow(&source, ("cluster", &target), "");
    let mut conn = source.conn().unwrap();
    say(
        &mut conn,
        &[
            "HSETEX h EX 1000 FIELDS 2 f 1 g 2",
            "HSETEX h KEEPTTL FIELDS 1 f 3",
            "HSETEX h FXX PX 2000000 FIELDS 1 g 4",
            "HSET h i 1 j 2",
            "HEXPIRE h 1000 FIELDS 1 i",
            "HGETEX h EXAT 4102444800 FIELDS 1 j",
            "HPERSIST h FIELDS 1 i",
            "HGETDEL h FIELDS 1 i",
        ],
    );
    let times = |conn: &mut Conn| conn.call("HPEXPIRETIME h FIELDS 3 f g j").unwrap();
    wait_until("the same fields", || {
        let mut other = target.conn_for_key("h").unwrap();
        let values: [&str; 1] = ["HMGET h f g i j"];
        values.iter().all(|line| other.call(*line).unwrap() == conn.call(*line).unwrap())
            && times(&mut other) == times(&mut conn)
    });
    assert!(times(&mut conn).items().iter().all(|time| time.integer() > Some(0)));
    tool.end();
}

#[test]
fn fields_expire_in_redis_8() {
    fields_expire("redis-8.0", "redis-8.0");
}

#[test]
fn fields_expire_in_valkey_9_as_in_redis_8() {
    fields_expire("redis-8.0", "valkey-9.1");
}

#[test]
fn messages_come_once() {
    let (source, target) = (server("redis-7.0"), cluster("redis-7.0"));
    let tool = follow(&source, ("cluster", &target), "");
    let mut listeners: Vec<Conn> = (0..3).map(|node| target.conn(node).unwrap()).collect();
    for listener in &mut listeners {
        listener.call("SUBSCRIBE news end").unwrap();
        listener.receive().unwrap();
    }
    let mut shard = target.conn_for_key("shard").unwrap();
    shard.call("SSUBSCRIBE shard").unwrap();
    say(&mut source.conn().unwrap(), &["PUBLISH news hello", "SPUBLISH shard hello", "PUBLISH end bye"]);
    for listener in &mut listeners {
        let heard = [listener.receive().unwrap(), listener.receive().unwrap()];
        let channels: Vec<String> = heard.iter().map(|message| message.items()[1].text()).collect();
        // Channels may overtake each other: they are said at different nodes.
        assert!(channels.contains(&"news".to_owned()) && channels.contains(&"end".to_owned()), "{channels:?}");
    }
    assert_eq!(shard.receive().unwrap().items()[2].text(), "hello");
    tool.end();
}

#[test]
fn libraries_and_scripts_reach_every_primary() {
    let (source, target) = (server("redis-7.0"), cluster("redis-7.0"));
    let tool = follow(&source, ("cluster", &target), "");
    let library = |name: &str| format!("#!lua name={name}\nredis.register_function('{name}', function() return 1 end)");
    let mut conn = source.conn().unwrap();
    conn.call(["FUNCTION", "LOAD", &library("one")]).unwrap();
    conn.call(["FUNCTION", "LOAD", &library("two")]).unwrap();
    let dump = conn.call("FUNCTION DUMP").unwrap().bytes().unwrap().to_vec();
    conn.call("FUNCTION DELETE one").unwrap();
    conn.call(cmd("FUNCTION RESTORE").arg(dump.clone()).arg("REPLACE")).unwrap();
    conn.call("FUNCTION FLUSH").unwrap();
    conn.call(cmd("FUNCTION RESTORE").arg(dump)).unwrap();
    conn.call("FUNCTION DELETE two").unwrap();
    for node in 0..3 {
        let mut other = target.conn(node).unwrap();
        wait_until("one library", || {
            let libraries = other.call("FUNCTION LIST").unwrap();
            libraries.items().len() == 1 && libraries.items()[0].items()[1].bytes() == Some(&b"one"[..])
        });
    }
    tool.end();
}

/// Sources before 7.0 may be set up to send scripts as they were called; those before 5.0 always do.
#[test]
fn scripts_as_they_were_called() {
    let source = Server::start(ServerSpec::new("redis-6.0").option("lua-replicate-commands", "no")).unwrap();
    let target = cluster("redis-7.0");
    let mut tool = follow(&source, ("cluster", &target), "");
    let mut conn = source.conn().unwrap();
    let script = "redis.call('INCR', KEYS[1])";
    for key in ["a", "b", "c", "d"] {
        conn.call(["EVAL", script, "1", key]).unwrap();
    }
    let sha = conn.call(["SCRIPT", "LOAD", script]).unwrap().text();
    for key in ["a", "b", "c", "d"] {
        conn.call(["EVALSHA", &sha, "1", key]).unwrap();
    }
    wait_for_same(&source, &target, &tool);
    conn.call(["EVAL", "redis.call('SET', 'hidden', 1)", "0"]).unwrap();
    assert_eq!(tool.wait(), 1, "{}", tool.log());
    assert!(tool.log().contains("EVAL names no keys"), "{}", tool.log());
}

/// What a node is that took another's place, or has started anew.
#[test]
fn scripts_that_nodes_have_lost_are_loaded_again() {
    let source = Server::start(ServerSpec::new("redis-6.0").option("lua-replicate-commands", "no")).unwrap();
    let target = cluster("redis-7.0");
    let mut tool = follow(&source, ("cluster", &target), "");
    let mut conn = source.conn().unwrap();
    let script = "redis.call('INCR', KEYS[1])";
    conn.call(["EVAL", script, "1", "a"]).unwrap();
    let sha = conn.call(["SCRIPT", "LOAD", script]).unwrap().text();
    conn.call("SET b 1").unwrap();
    wait_for_same(&source, &target, &tool);
    let mut nodes: Vec<Conn> = (0..target.addrs().len()).map(|node| target.conn(node).unwrap()).collect();
    for node in &mut nodes {
        node.pipeline(&["SCRIPT FLUSH".into(), "CLIENT PAUSE 600000 WRITE".into()]).unwrap();
    }
    say(&mut conn, &["SET a 1", "SET b 1", "SET c 1", "SET d 1"]);
    tool.wait_for_log("no reply for");
    for node in &mut nodes {
        node.pipeline(&["CLIENT KILL TYPE normal".into(), "CLIENT UNPAUSE".into()]).unwrap();
    }
    tool.wait_for_log("connection lost");
    wait_for_same(&source, &target, &tool);
    for key in ["a", "b", "c", "d"] {
        conn.call(["EVAL", script, "1", "a"]).unwrap();
        conn.call(["EVALSHA", &sha, "1", key]).unwrap();
    }
    wait_for_same(&source, &target, &tool);
    tool.end();
}

#[test]
fn what_no_node_takes_is_left_out_when_told_so() {
    let (source, target) = (server("redis-7.0"), cluster("redis-7.0"));
    let mut tool = follow(&source, ("cluster", &target), "[sync]\ncross_slot = \"skip\"");
    let mut conn = source.conn().unwrap();
    say(
        &mut conn,
        &["SADD one a b", "SADD two b c", "SUNIONSTORE union one two", "SORT one BY w_* STORE {one}", "SET last 1"],
    );
    tool.wait_for_log("command=\"SORT\"");
    assert!(tool.log().contains("command=\"SUNIONSTORE\" keys=\"union one two\""), "{}", tool.log());
    let same = Comparison::default().ignore_prefix("union").ignore_prefix("{one}").wait_equal(
        source.addr(),
        &target,
        PATIENCE,
    );
    same.unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.wait_for_log("2 skipped");
    tool.end();

    let mut tool = start(&source, ("cluster", &target), "");
    tool.wait_for_log("going on from there");
    say(&mut conn, &["RENAME one three"]);
    assert_eq!(tool.wait(), 1, "{}", tool.log());
    assert!(tool.log().contains("RENAME has keys in several slots (one three)"), "{}", tool.log());
}

/// Commands that the table does not have: renamed ones stand in for those of a module.
#[test]
fn commands_that_only_the_target_knows() {
    let names = |spec: ServerSpec| {
        spec.option("rename-command", "RPUSH X.PUSH").option("rename-command", "ZUNIONSTORE X.UNION")
    };
    let source = Server::start(names(ServerSpec::new("redis-7.0"))).unwrap();
    let spec = ClusterSpec::new("redis-7.0").replicas(0);
    let spec = spec.option("rename-command", "RPUSH X.PUSH").option("rename-command", "ZUNIONSTORE X.UNION");
    let target = Cluster::start(spec).unwrap();
    let mut tool = follow(&source, ("cluster", &target), "");
    let mut conn = source.conn().unwrap();
    say(
        &mut conn,
        &["ZADD {z}1 1 a", "ZADD {z}2 2 b", "x.push l1 a b", "X.PUSH l2 a", "X.UNION {z}3 2 {z}1 {z}2", "X.push l1 c"],
    );
    say(&mut conn, &["MULTI", "INCR n", "X.PUSH l3 a", "X.PUSH l3 b", "X.UNION {z}4 1 {z}3", "EXEC"]);
    wait_for_same(&source, &target, &tool);
    assert_eq!(conn.call("X.PUSH l3 c").unwrap().integer(), Some(3));
    say(&mut conn, &["X.UNION far 2 away {z}3"]);
    assert_eq!(tool.wait(), 1, "{}", tool.log());
    assert!(tool.log().contains("X.UNION has keys in several slots (far away {z}3)"), "{}", tool.log());
}

#[test]
fn commands_that_nobody_knows() {
    let source = Server::start(ServerSpec::new("redis-7.0").option("rename-command", "RPUSH X.PUSH")).unwrap();
    for kind in ["cluster", "standalone"] {
        let (one, all) = (server("redis-7.0"), cluster("redis-7.0"));
        let target = if kind == "cluster" { Endpoint::from(&all) } else { Endpoint::from(one.addr()) };
        let mut tool = follow(&source, (kind, target), "");
        source.conn().unwrap().call("X.PUSH list a").unwrap();
        assert_eq!(tool.wait(), 1, "{}", tool.log());
        let log = tool.log();
        let sentence = log.lines().find(|line| line.starts_with("shake-cli: ")).unwrap();
        assert!(sentence.contains("X.PUSH") && sentence.contains("offset "), "{sentence}");
        source.conn().unwrap().call("DEL list").unwrap();
    }
}

#[test]
fn the_very_large() {
    let (source, target) = (server("redis-7.0"), cluster("redis-7.0"));
    let tool = follow(&source, ("cluster", &target), "");
    let mut conn = source.conn().unwrap();
    let keys = |from: usize| (from..from + 300_000).map(|n| format!("k{n}"));
    conn.call(cmd("MSET").args(keys(0).flat_map(|key| [key, "v".to_owned()]))).unwrap();
    conn.call(cmd("DEL").args(keys(1000))).unwrap();
    conn.call(cmd("RPUSH").arg("list").args((0..1_000_000).map(|n| n.to_string()))).unwrap();
    let transaction = (0..50_000).map(|n| cmd("INCRBY").arg(format!("n{}", n % 500)).arg(n));
    let commands: Vec<Command> = [cmd("MULTI")].into_iter().chain(transaction).chain([cmd("EXEC")]).collect();
    conn.pipeline(&commands).unwrap();
    let binary: Vec<u8> = (0..=255).collect();
    conn.call(cmd("SET").arg(binary.clone()).arg(binary)).unwrap();
    wait_for_same(&source, &target, &tool);
    assert_eq!(conn.call("LLEN list").unwrap().integer(), Some(1_000_000));
    tool.end();
}
