//! Spellings and names that attackers use to reach what is inside, and the few that are allowed.

use super::*;

fn allowing(entries: &[&str]) -> Guard {
    Guard::new(Allow::parse(entries).expect("a good allow list"))
}

fn strict() -> Guard {
    Guard::default()
}

#[test]
fn public_destinations_are_permitted() {
    for url in [
        "https://example.org/hook",
        "http://example.org:8080/hook?x=1",
        "https://8.8.8.8/",
        "https://9.9.9.9:8443",
        "https://[2606:4700::1111]/hook",
        "https://bücher.example/hook",
    ] {
        assert!(strict().check(url).is_ok(), "{url}");
    }
}

#[test]
fn every_spelling_of_an_inner_address_is_refused() {
    for url in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://017700000001/",
        "http://127.0.0.1./",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
        "http://%31%32%37.0.0.1/",
        "http://127.0.0.1:80/",
        "http:\\\\127.0.0.1\\",
        "http:127.0.0.1",
        "http:///127.0.0.1/",
        "http://\t127.0.0.1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://10.0.0.5/",
        "http://100.64.0.1/",
        "http://100.100.100.200/latest/meta-data/",
        "http://168.63.129.16/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0xa9fea9fe/",
        "http://172.16.0.1/",
        "http://172.31.255.255/",
        "http://192.0.0.192/",
        "http://192.168.1.1/",
        "http://198.18.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::127.0.0.1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:8.8.8.8]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:7f00:1::]/",
        "http://[2001:db8::1]/",
        "http://[fe80::1]/",
        "http://[fec0::1]/",
        "http://[fc00::1]/",
        "http://[fd00:ec2::254]/",
        "http://[ff02::1]/",
        "http://[5f00::1]/",
    ] {
        let refused = strict().check(url);
        assert!(
            matches!(refused, Err(Error::Address { .. } | Error::OddAddress(_))),
            "{url}: {refused:?}"
        );
    }
}

#[test]
fn an_odd_spelling_is_refused_even_where_the_address_is_public_or_allowed() {
    for url in [
        "http://0x08080808/",
        "http://8.8.2056/",
        "http://010.8.8.8/",
        "http://8.8.8.8./",
    ] {
        assert!(
            matches!(strict().check(url), Err(Error::OddAddress(_))),
            "{url}"
        );
    }
    let guard = allowing(&["127.0.0.0/8"]);
    assert!(guard.check("http://127.0.0.1/").is_ok());
    assert!(matches!(
        guard.check("http://2130706433/"),
        Err(Error::OddAddress(_))
    ));
}

#[test]
fn other_schemes_credentials_and_nonsense_are_refused() {
    for url in [
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "javascript:1",
    ] {
        assert!(
            matches!(strict().check(url), Err(Error::Scheme(_))),
            "{url}"
        );
    }
    for url in [
        "http://user@example.org/",
        "http://u:p@example.org/",
        "http://:p@example.org/",
    ] {
        assert_eq!(strict().check(url), Err(Error::Credentials), "{url}");
    }
    for url in [
        "",
        "example.org",
        "http://",
        "http://[::1",
        "http://exa mple.org/",
        "http://999.1.1.1/",
    ] {
        assert!(
            matches!(strict().check(url), Err(Error::NotAUrl(_))),
            "{url}"
        );
    }
}

#[test]
fn the_allow_list_opens_blocks_addresses_and_names_and_nothing_beside_them() {
    let guard = allowing(&["10.1.0.0/16", "::1", "Hooks.Internal"]);
    assert!(guard.check("http://10.1.255.255/").is_ok());
    assert!(guard.check("http://10.2.0.0/").is_err());
    assert!(guard.check("http://[::1]/").is_ok());
    assert!(guard.check("http://[::2]/").is_err());
    let inner = "192.168.7.7".parse().expect("an address");
    assert!(guard.permit("hooks.internal", inner).is_ok());
    assert!(guard.permit("hooks.internal.", inner).is_ok());
    assert!(guard.permit("evil-hooks.internal", inner).is_err());
    assert!(guard.permit("x.hooks.internal", inner).is_err());
}

#[test]
fn an_allow_list_of_everything_is_possible_and_a_broken_one_is_not() {
    assert!(allowing(&["0.0.0.0/0"]).check("http://127.0.0.1/").is_ok());
    for entry in [
        "10.0.0.0/33",
        "::/129",
        "10.0.0/8",
        "a b",
        "",
        "http://x",
        "1.2.3",
        "-/",
    ] {
        assert!(Allow::parse(&[entry]).is_err(), "{entry}");
    }
}

#[test]
fn of_several_addresses_behind_a_name_only_the_permitted_are_used() {
    let mixed: Vec<IpAddr> = ["127.0.0.1", "8.8.8.8", "::1"]
        .map(|text| text.parse().expect("an address"))
        .into();
    let used = strict()
        .sift("mixed.example", mixed)
        .expect("one is public");
    assert_eq!(
        used,
        ["8.8.8.8:0".parse::<SocketAddr>().expect("a socket address")]
    );
}

/// Every name is this machine.
struct Inside;

#[async_trait::async_trait]
impl Lookup for Inside {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![IpAddr::from([127, 0, 0, 1])])
    }
}

/// No name resolves.
struct Nowhere;

#[async_trait::async_trait]
impl Lookup for Nowhere {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

#[tokio::test]
async fn a_url_is_checked_with_its_name_when_it_is_set_up() {
    let inside = Pinned::new(Arc::new(strict()), Arc::new(Inside));
    for url in [
        "http://rebind.example/",
        "http://10.0.0.5/",
        "http://0x7f.1/",
        "no url",
    ] {
        assert!(inside.check(url).await.is_err(), "{url}");
    }
    assert_eq!(inside.check("https://8.8.8.8/hook").await, Ok(()));
    let allowing = Arc::new(allowing(&["hooks.internal", "10.1.0.0/16"]));
    let allowed = Pinned::new(allowing, Arc::new(Inside));
    for url in ["http://hooks.internal/a", "http://10.1.2.3/"] {
        assert_eq!(allowed.check(url).await, Ok(()), "{url}");
    }
    assert!(allowed.check("http://other.internal/").await.is_err());
    let nowhere = Pinned::new(Arc::new(strict()), Arc::new(Nowhere));
    let later = nowhere.check("https://not-yet.example/hook").await;
    assert_eq!(later, Ok(()), "a name may come later");
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_when_it_is_resolved() {
    assert!(
        strict().check("http://rebind.example/").is_ok(),
        "the text alone tells nothing"
    );
    let resolver = Pinned::new(Arc::new(strict()), Arc::new(Inside));
    let name = "rebind.example".parse().expect("a name");
    let error = resolver.resolve(name).await.err().expect("it is refused");
    assert!(
        matches!(refusal(error.as_ref()), Some(Error::Address { .. })),
        "{error}"
    );
}
