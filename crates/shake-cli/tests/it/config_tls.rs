//! The keys of `[source]` and `[target]` that are about TLS, and lists of addresses.

use std::fs;
use std::path::PathBuf;

use shake_cli::config::{ConfigErrorKind, TlsPlan};
use testbed::Authority;

use crate::config::Home;

/// A file that says this of its source, and is otherwise complete.
fn source(lines: &str) -> Home {
    Home::with(&format!(
        "[source]\naddress = 'a:1'\n{lines}\n[target]\naddress = 'b:1'\n[advanced]\ndir = '@DIR@'\nlog_file = ''"
    ))
}

/// The same, with an authority, a certificate and a key beside it.
fn with_files(lines: &str) -> Home {
    let authority = Authority::new().unwrap();
    let certificate = authority.issue(&["a"]).unwrap();
    let other = authority.issue(&["b"]).unwrap();
    let home = source(lines);
    let files = [(&certificate.ca, "ca.pem"), (&certificate.cert, "cert.pem"), (&certificate.key, "key.pem")];
    for (file, name) in files.into_iter().chain([(&other.key, "other.pem")]) {
        fs::copy(file, home.path().join(name)).unwrap();
    }
    fs::write(home.path().join("noise.pem"), "-----BEGIN CERTIFICATE-----\nnoise\n-----END CERTIFICATE-----\n")
        .unwrap();
    fs::write(home.path().join("empty.pem"), "").unwrap();
    home
}

#[test]
fn tls_of_each_side() {
    let lines = "tls = true\ntls_ca = '${HOST:-}a.pem'\ntls_cert = 'cert.pem'\ntls_key = '@DIR@/key.pem'\n\
                 tls_server_name = 'redis.${HOST}.example'";
    let home = with_files(&lines.replace("${HOST:-}a", "${C:-c}a"));
    let plan = home.load().unwrap();
    let file = |name: &str| Some(home.path().join(name));
    let expected = TlsPlan {
        ca: file("ca.pem"),
        insecure: false,
        cert: file("cert.pem"),
        key: file("key.pem"),
        server_name: Some("redis.10.0.0.1.example".to_owned()),
    };
    assert_eq!((plan.source.tls.as_ref(), plan.target.tls.as_ref()), (Some(&expected), None));
    assert!(plan.to_toml().unwrap().contains("server_name = \"redis.10.0.0.1.example\""));
}

#[test]
fn tls_without_verification_is_noted() {
    let plan = source("tls = true\ntls_insecure = true\ntls_ca = ''").load().unwrap();
    assert_eq!(plan.source.tls, Some(TlsPlan { insecure: true, ..TlsPlan::default() }));
    let note = "[source] tls_insecure (line 4): certificates are not verified: whoever answers is trusted";
    assert_eq!(plan.notes, [note]);
    let off = source("tls = false\ntls_insecure = false\ntls_cert = ''\ntls_key = ''").load().unwrap();
    assert_eq!((off.source.tls, off.notes.len()), (None, 0));
}

#[test]
fn what_tls_cannot_be_made_of_is_named() {
    let cases = [
        ("tls_ca = 'ca.pem'", "3: [source] tls_ca: has no effect without tls = true"),
        ("tls = false\ntls_insecure = true", "4: [source] tls_insecure: has no effect without tls = true"),
        ("tls = true\ntls_ca = 'ca.pem'\ntls_insecure = true", "tls_ca: give either tls_ca or tls_insecure = true"),
        ("tls = true\ntls_cert = 'cert.pem'", "4: [source] tls_cert: needs tls_key"),
        ("tls = true\ntls_key = 'key.pem'", "4: [source] tls_key: needs tls_cert"),
        ("tls = true\ntls_server_name = 'a b'", "tls_server_name: not a host name or IP address"),
    ];
    for (lines, words) in cases {
        let error = with_files(lines).load().unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::BadValue, "{error}");
        assert!(error.to_string().contains(words), "{error} does not say: {words}");
    }
    let mutual = "tls = true\ntls_insecure = true\ntls_cert";
    let cases = [
        ("tls = true\ntls_ca = 'missing.pem'", "tls_ca: the file @/missing.pem cannot be read"),
        ("tls = true\ntls_ca = 'key.pem'", "tls_ca: the file @/key.pem cannot be used: no certificates"),
        ("tls = true\ntls_ca = 'noise.pem'", "tls_ca: the file @/noise.pem cannot be used: no certificates"),
        ("tls = true\ntls_ca = 'empty.pem'", "tls_ca: the file @/empty.pem cannot be used: no certificates"),
        (&format!("{mutual} = 'gone.pem'\ntls_key = 'key.pem'"), "tls_cert: the file @/gone.pem cannot be read"),
        (&format!("{mutual} = 'key.pem'\ntls_key = 'key.pem'"), "tls_cert: the file @/key.pem cannot be used: no cert"),
        (
            &format!("{mutual} = 'cert.pem'\ntls_key = 'ca.pem'"),
            "tls_key: the file @/ca.pem cannot be used: no private",
        ),
        (
            &format!("{mutual} = 'cert.pem'\ntls_key = 'other.pem'"),
            "tls_key: the file @/other.pem cannot be used: cert",
        ),
    ];
    for (lines, words) in cases {
        let home = with_files(lines);
        let error = home.load().unwrap_err();
        assert_eq!((error.kind(), error.exit().code()), (ConfigErrorKind::File, 2), "{error}");
        let words = words.replace('@', &home.path().display().to_string());
        assert!(error.to_string().contains(&words), "{error} does not say: {words}");
    }
}

#[test]
fn a_file_that_is_gone_at_the_start_is_named() {
    let home = with_files("tls = true\ntls_ca = 'ca.pem'");
    let plan = home.load().unwrap();
    let file: PathBuf = home.path().join("ca.pem");
    fs::remove_file(&file).unwrap();
    let error = plan.network(std::time::Duration::from_secs(1)).err().unwrap();
    assert_eq!(error.to_string(), format!("the file {} cannot be read", file.display()));
}

#[test]
fn a_list_of_addresses_is_the_way_to_the_nodes_of_a_cluster() {
    let plan = |lines: &str| {
        let text = format!("[source]\n{lines}\n[target]\naddresses = ['b:1']\n[advanced]\ndir = '@DIR@'");
        Home::with(&text).load().unwrap()
    };
    assert!(plan("type = 'cluster'\naddresses = ['a:1']").source.by_addresses);
    assert!(!plan("type = 'cluster'\naddress = 'a:1'").source.by_addresses);
    assert!(!plan("addresses = ['a:1']").source.by_addresses, "of one node there is nothing to be found out");
    assert!(!plan("address = 'a:1'").target.by_addresses);
}
