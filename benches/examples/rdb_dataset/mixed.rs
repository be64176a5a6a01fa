//! Collections of every kind: small ones that servers pack, large ones that they do not, streams.

use std::io;

use crate::output::Output;

/// So many small collections of each kind, large ones of each kind, and streams.
pub(crate) fn collections(output: &mut Output, small: u64, large: u64, streams: u64) -> io::Result<()> {
    for i in 0..small {
        small_hash(output, i)?;
        small_list(output, i)?;
        small_sorted_set(output, i)?;
        small_set(output, i)?;
    }
    for i in 0..large {
        large_hash(output, i)?;
        large_list(output, i)?;
        large_sorted_set(output, i)?;
        large_set(output, i)?;
    }
    for i in 0..streams {
        stream(output, i)?;
    }
    Ok(())
}

/// Ten fields, every third value a number.
fn small_hash(output: &mut Output, i: u64) -> io::Result<()> {
    let mut args = command("HSET", &format!("h:{i}"));
    for field in 0..10 {
        let value = if field % 3 == 0 { (i * field).to_string() } else { output.text(12) };
        args.extend([format!("field{field}"), value]);
    }
    output.command(&args)
}

/// Ten elements, every other one a number.
fn small_list(output: &mut Output, i: u64) -> io::Result<()> {
    let mut args = command("RPUSH", &format!("l:{i}"));
    for element in 0..10 {
        args.push(if element % 2 == 0 { (i * element).to_string() } else { output.text(10) });
    }
    output.command(&args)
}

/// Ten members, every other score an integer.
fn small_sorted_set(output: &mut Output, i: u64) -> io::Result<()> {
    let mut args = command("ZADD", &format!("z:{i}"));
    for member in 0..10 {
        let score = if member % 2 == 1 { member.to_string() } else { thousandths(member * 1370 * i) };
        args.extend([score, output.text(8)]);
    }
    output.command(&args)
}

/// By turns twenty integers and ten strings.
fn small_set(output: &mut Output, i: u64) -> io::Result<()> {
    let mut args;
    if i % 2 == 1 {
        args = command("SADD", &format!("si:{i}"));
        args.extend((0..20).map(|member| (i * 3 + member).to_string()));
    } else {
        args = command("SADD", &format!("ss:{i}"));
        args.extend((0..10).map(|member| format!("m{member}{}", output.text(6))));
    }
    output.command(&args)
}

fn large_hash(output: &mut Output, i: u64) -> io::Result<()> {
    let mut args = command("HSET", &format!("H:{i}"));
    for field in 0..1000 {
        args.extend([format!("field:{field}"), output.text(20)]);
    }
    output.command(&args)
}

fn large_list(output: &mut Output, i: u64) -> io::Result<()> {
    let mut args = command("RPUSH", &format!("L:{i}"));
    args.extend((0..2000).map(|_| output.text(24)));
    output.command(&args)
}

fn large_sorted_set(output: &mut Output, i: u64) -> io::Result<()> {
    let mut args = command("ZADD", &format!("Z:{i}"));
    for member in 0..1000 {
        args.extend([thousandths(member * 1100), format!("mem{member}{}", output.text(8))]);
    }
    output.command(&args)
}

fn large_set(output: &mut Output, i: u64) -> io::Result<()> {
    let mut args = command("SADD", &format!("S:{i}"));
    args.extend((0..1000).map(|member| format!("s{member}:{}", output.text(10))));
    output.command(&args)
}

/// Twenty entries of the same fields; a group with a consumer that read five of them.
fn stream(output: &mut Output, i: u64) -> io::Result<()> {
    let key = format!("x:{i}");
    for entry in 0..20 {
        let mut args = command("XADD", &key);
        args.push(format!("{}-{entry}", 1_700_000_000_000 + i * 20 + entry));
        args.extend(["temp".to_owned(), (entry * i).to_string()]);
        args.extend(["device".to_owned(), output.text(10)]);
        args.extend(["note".to_owned(), output.text(20)]);
        output.command(&args)?;
    }
    output.command(&["XGROUP", "CREATE", &key, "g1", "0"])?;
    output.command(&["XREADGROUP", "GROUP", "g1", "c1", "COUNT", "5", "STREAMS", &key, ">"])
}

/// The start of a command.
fn command(name: &str, key: &str) -> Vec<String> {
    vec![name.to_owned(), key.to_owned()]
}

/// A number of thousandths as a decimal fraction.
fn thousandths(number: u64) -> String {
    format!("{}.{:03}", number / 1000, number % 1000)
}
