//! Which addresses are refused, in all the forms in which somebody may write them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn refused(text: &str) {
    assert!(Address::read(text, &Allowed::default()).is_err(), "{text} was let through");
}

#[test]
fn a_public_address_over_https_is_taken() {
    for text in [
        "https://sis.example.edu/hooks?campus=1",
        "https://sis.example.edu:8443",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://localhost.example.edu/",
    ] {
        let address = Address::read(text, &Allowed::default()).unwrap();
        assert!(!address.is_named, "{text}");
    }
}

#[test]
fn what_is_not_https_or_names_a_user_is_refused() {
    for text in [
        "http://sis.example.edu/",
        "ftp://sis.example.edu/",
        "file:///etc/passwd",
        "gopher://sis.example.edu/",
        "https://user@sis.example.edu/",
        "https://user:secret@sis.example.edu/",
        "https://sis.example.edu/#part",
        "https://",
        "sis.example.edu",
        "",
        &format!("https://sis.example.edu/{}", "x".repeat(URL_MAX)),
    ] {
        refused(text);
    }
}

#[test]
fn loopback_is_refused_in_every_form() {
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "%31%32%37.0.0.1",
    ] {
        refused(&format!("https://{host}/"));
        refused(&format!("https://{host}:8443/x"));
    }
}

#[test]
fn what_is_within_a_house_is_refused() {
    for host in [
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "192.88.99.1",
        "[fc00::1]",
        "[fdff::1]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[2001:2::1]",
        "[3fff::1]",
        "[::ffff:10.0.0.1]",
        "[2002:a00:1::]",
        "[100::1]",
        "[5f00::1]",
        "db",
        "nas.local",
        "vault.internal",
        "router.home.arpa",
    ] {
        refused(&format!("https://{host}/"));
    }
    for near in ["172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "198.17.0.1", "198.20.0.1", "223.255.255.1"] {
        assert!(is_public(near.parse().unwrap()), "{near}");
    }
}

#[test]
fn the_operator_may_allow_more() {
    let allowed = Allowed::read("127.0.0.1:8080, hooks.internal:443,10.1.0.0/16, fd00::/8").unwrap();
    for (text, is_named) in [
        ("http://127.0.0.1:8080/x", true),
        ("http://127.1:8080/x", true),
        ("https://hooks.internal/x", true),
        ("https://HOOKS.internal./x", true),
        ("http://10.1.2.3/x", false),
        ("https://[fd00::1]/x", false),
    ] {
        let address = Address::read(text, &allowed).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(address.is_named, is_named, "{text}");
    }
    for text in [
        "http://127.0.0.1:8081/",
        "https://hooks.internal:444/",
        "https://10.2.0.1/",
        "http://sis.example.edu/",
        "https://[fe00::1]/",
    ] {
        assert!(Address::read(text, &allowed).is_err(), "{text}");
    }
    assert!(allowed.takes("10.1.255.1".parse().unwrap()) && !allowed.takes("10.2.0.1".parse().unwrap()));
    assert!(Allowed::read("").unwrap().0.is_empty());
    assert!(Allowed::read("0.0.0.0/0").unwrap().takes("127.0.0.1".parse().unwrap()));
    assert!(Allowed::read("::/0").unwrap().takes("::1".parse().unwrap()));
    for bad in ["localhost", "10.0.0.0/33", "10.0.0.0/", "a b:1", "host:99999"] {
        assert!(Allowed::read(bad).unwrap_err().contains("host:port"), "{bad}");
    }
}
