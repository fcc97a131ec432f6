//! What a running program is set up with: keys from the environment, and where webhooks may go.

use crate::crash::doctor;
use crate::server::{BROWSER_KEY, Launch, Server};
use std::path::Path;

fn strict(data: &Path) -> Launch {
    Launch::on(data).set("RAPPORT_SERVER_UNKNOWN_KEYS", "refuse")
}

/// The status a call with this write key is answered with.
fn taken(server: &Server, key: &str) -> u16 {
    let body = format!(r#"{{"writeKey":"{key}","userId":"u","event":"Tried"}}"#);
    let answer = server.client().post("/v1/track", &body);
    answer.expect("an answer").status
}

#[test]
fn a_revoked_key_of_the_environment_stays_out_of_use_until_it_is_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = strict(&folder.path().join("data"));
    let server = launch.start();
    assert_eq!(taken(&server, BROWSER_KEY), 200);
    let source = server.get("/api/v1/sources/1");
    let id = source["keys"][0]["id"].as_str().expect("an id");
    let path = format!("/api/v1/sources/1/keys/{id}");
    let revoked = server.client().api("DELETE", &path, "");
    assert_eq!(revoked.expect("an answer").status, 204);
    assert_eq!(taken(&server, BROWSER_KEY), 401, "at once");
    server.kill();

    let server = launch.start();
    assert_eq!(
        taken(&server, BROWSER_KEY),
        401,
        "the environment still says it"
    );
    assert!(server.stop().success());

    let other = launch.set("RAPPORT_WRITE_KEY", "it-browser-again");
    let server = other.start();
    assert_eq!(taken(&server, "it-browser-again"), 200);
    assert_eq!(taken(&server, BROWSER_KEY), 401);
    assert!(server.stop().success());
    doctor(&other.data).unwrap();
}

#[test]
fn a_destination_inside_is_refused_unless_the_settings_allow_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = strict(&folder.path().join("data"));
    let inside = [
        "http://127.0.0.1:9/hook",
        "http://localhost/hook",
        "http://0x7f.1/",
    ];
    let put = |server: &Server, url: &str| {
        let body = format!(r#"{{"url":"{url}"}}"#);
        let put = server.client().api("PUT", "/api/v1/destinations/in", &body);
        put.expect("an answer")
    };
    let server = launch.start();
    for url in inside {
        let answer = put(&server, url);
        assert_eq!(answer.status, 400, "{url}");
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "invalid_destination", "{url}");
        assert!(
            answer.text().contains("webhooks.allow"),
            "{}",
            answer.text()
        );
    }
    assert!(server.stop().success());
    let allowing = launch.set("RAPPORT_WEBHOOKS_ALLOW", "127.0.0.0/8, localhost");
    let server = allowing.start();
    assert_eq!(put(&server, inside[0]).status, 200);
    assert_eq!(put(&server, inside[1]).status, 200);
    assert_eq!(
        put(&server, inside[2]).status,
        400,
        "an odd spelling stays one"
    );
    assert!(server.stop().success());
}

#[test]
fn a_directory_that_is_not_there_is_neither_made_nor_called_sound() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |command: &[&str]| {
        let mut rapport = std::process::Command::new(env!("CARGO_BIN_EXE_rapport"));
        let ran = rapport.args(command).current_dir(folder.path()).output();
        let ran = ran.expect("it runs");
        (ran.status.success(), String::from_utf8(ran.stderr).unwrap())
    };
    let commands: [&[&str]; 4] = [
        &["doctor", "--data", "data"],
        &["backup", "--data", "data", "--to", "copy"],
        &["export", "--data", "data", "--output", "events.parquet"],
        &["replay", "--data", "data", "--into", "again"],
    ];
    for command in commands {
        let (done, said) = run(command);
        assert!(
            !done && said.contains("data is no data directory"),
            "{said}"
        );
    }
    let left = std::fs::read_dir(folder.path()).expect("it is there");
    assert_eq!(left.count(), 0, "nothing was made");

    // One level too high, as `cargo xtask up` may be looked at.
    let data = folder.path().join("data/rapport");
    std::fs::create_dir_all(&data).expect("a folder");
    let server = strict(&data).start();
    assert!(server.stop().success());
    let (done, said) = run(&["doctor", "--data", "data"]);
    assert!(!done && said.contains("--data data/rapport"), "{said}");
    assert!(run(&["doctor", "--data", "data/rapport"]).0);
}
