//! Commands whose replies are wanted.

use cluster_router::{Event, Route, slot_of};
use resp::Reply;

use super::bench::{Bench, outgoing};
use super::fake::{Act, Fake};

impl Bench {
    /// Asks a command, or a transaction, of one key's slot.
    fn ask(&mut self, token: u64, lines: &[&str]) {
        let key = lines.iter().find_map(|line| line.split(' ').nth(1)).unwrap();
        let route = Route::Slot(slot_of(key.as_bytes()));
        let outgoing = outgoing(route, u32::try_from(lines.len()).unwrap(), 0);
        self.router.ask(outgoing, token, |out| {
            lines.iter().for_each(|line| resp::put_command(out, &line.split(' ').collect::<Vec<_>>()));
        });
        self.end_round();
    }

    async fn answer(&mut self) -> (u64, Reply) {
        loop {
            if let Event::Answer { token, reply } = self.next().await.unwrap() {
                return (token, reply);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_bears_its_token_and_is_the_last_reply() {
    let fake = Fake::new(|_, line| match line {
        "GET foo" => Some(Act::Say("$3\r\nbar\r\n")),
        "GET b" => Some(Act::Say("-WRONGTYPE no\r\n")),
        "DUMP b" | "PTTL b" => Some(Act::Say("+QUEUED\r\n")),
        "EXEC" => Some(Act::Say("*1\r\n:5\r\n")),
        _ => None,
    });
    let mut bench = Bench::new(fake).await;
    bench.ask(7, &["GET foo"]);
    let (token, reply) = bench.answer().await;
    assert_eq!((token, reply.as_bytes().map(|bytes| &bytes[..])), (7, Some(&b"bar"[..])));
    // An error is an answer as well, and stops nobody.
    bench.ask(8, &["GET b"]);
    let (token, reply) = bench.answer().await;
    assert!(token == 8 && reply.first_error().is_some_and(|error| error.is("WRONGTYPE")));
    bench.ask(9, &["DUMP b", "PTTL b"]);
    let (token, reply) = bench.answer().await;
    assert_eq!((token, reply.as_array()), (9, Some(&[Reply::Integer(5)][..])));
    assert!(bench.router.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_question_follows_its_slot_and_keeps_its_place() {
    let mut refused = false;
    let fake = Fake::new(move |port, line| match (port, line) {
        (_, "SET foo 1") if !refused => {
            refused = true;
            Some(Act::Say("-LOADING wait\r\n"))
        }
        (_, "GET foo") => Some(Act::Say("$1\r\n1\r\n")),
        _ => None,
    });
    let mut bench = Bench::new(fake).await;
    bench.submit("SET foo 1");
    bench.ask(1, &["GET foo"]);
    let (token, _) = bench.answer().await;
    assert_eq!(token, 1);
    let lines = bench.fake.lines();
    let last = |wanted: &str| lines.iter().rposition(|line| line == wanted);
    assert!(last("SET foo 1").is_some(), "{lines:?}");
    assert!(bench.router.is_idle(), "what stood before the question is done when it is answered");
}
