//! Payloads that a node refuses, in other words.

use std::sync::{Arc, Mutex};

use cluster_router::{InOtherWords, RouterError};

use super::bench::Bench;
use super::fake::{Act, Fake};

/// All that a node was told about keys.
type Told = Arc<Mutex<Vec<String>>>;

fn refusing(told: &Told) -> Arc<Fake> {
    let told = told.clone();
    Fake::new(move |_, line| {
        if line.contains(" foo ") {
            told.lock().unwrap().push(line.to_owned());
        }
        answer(line)
    })
}

fn answer(line: &str) -> Option<Act> {
    match line {
        line if line.starts_with("RESTORE") => Some(Act::Say("-ERR Bad data format\r\n")),
        line if line.starts_with("SADD") || line.starts_with("DEL") => Some(Act::Say("+QUEUED\r\n")),
        "EXEC" => Some(Act::Say("*2\r\n:1\r\n:1\r\n")),
        _ => None,
    }
}

/// A set of one member in place of every payload.
fn as_set(refused: &[u8]) -> Result<InOtherWords, String> {
    let text = String::from_utf8_lossy(refused);
    let key = text.split("\r\n").nth(4).unwrap().to_owned();
    if key == "module" {
        return Err("no commands make it".to_owned());
    }
    let mut bytes = bytes::BytesMut::new();
    resp::put_command(&mut bytes, &["DEL", &key]);
    resp::put_command(&mut bytes, &["SADD", &key, "a"]);
    Ok(InOtherWords { bytes: bytes.freeze(), commands: 2 })
}

#[tokio::test(start_paused = true)]
async fn a_refused_payload_is_said_in_other_words_in_its_place() {
    let told = Told::default();
    let mut bench = Bench::new(refusing(&told)).await;
    bench.router.rephrase_with(Box::new(as_set));
    bench.submit("SET foo 0");
    bench.submit("RESTORE foo 0 payload");
    bench.submit("SET foo 1");
    bench.settle().await;
    let told = told.lock().unwrap();
    assert_eq!(told[..2], ["SET foo 0", "RESTORE foo 0 payload"]);
    assert_eq!(told[told.len() - 2..], ["SADD foo a", "SET foo 1"]);
    assert_eq!(told.iter().filter(|line| line.starts_with("RESTORE")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_other_words_says_why() {
    let told = Told::default();
    let mut bench = Bench::new(refusing(&told)).await;
    bench.router.rephrase_with(Box::new(as_set));
    bench.submit("RESTORE module 0 payload");
    let RouterError::Refused(rejection) = bench.until_error().await else { panic!("another error") };
    let sentence = rejection.to_string();
    assert!(
        sentence.contains("refused RESTORE module at offset 10: ERR Bad data format; no commands make it"),
        "{sentence}"
    );
}
