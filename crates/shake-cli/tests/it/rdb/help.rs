//! What `--help` says.

use super::tool::rdb;

#[test]
fn help_of_every_command() {
    insta::assert_snapshot!("help", rdb(&["--help"], b"").well().text());
    for command in ["check", "json", "commands", "stats"] {
        insta::assert_snapshot!(format!("help_{command}"), rdb(&[command, "--help"], b"").well().text());
    }
}

#[test]
fn wrong_arguments_end_with_the_usage_code() {
    for args in
        [&[][..], &["read"], &["check", "a", "b"], &["stats", "--json", "--html", "x"], &["json", "--bytes", "hex"]]
    {
        assert_eq!(rdb(args, b"").code, 2, "{args:?}");
    }
}
