//! Members of the real program: made from the command line, signed in across a kill, and no secret
//! of theirs in a log.

use crate::client::Answer;
use crate::crash::doctor;
use crate::server::{Launch, Server, TOKEN};
use std::path::Path;
use std::process::{Command, Output};

const PASSWORD: &str = "correct horse battery";

fn add(server: &Server, email: &str, password: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rapport"))
        .args(["member", "add", email, "--to"])
        .arg(format!("http://{}", server.address))
        .env("RAPPORT_API_TOKEN", TOKEN)
        .env("RAPPORT_MEMBER_PASSWORD", password)
        .output()
        .expect("it runs")
}

fn ask(server: &Server, request: (&str, &str), headers: &[(&str, &str)], body: &str) -> Answer {
    let answer = server.client().call(request, headers, body.as_bytes());
    answer.expect("an answer")
}

/// The session's cookie and mark.
fn sign_in(server: &Server) -> (String, String) {
    let body = format!(r#"{{"email":"ada@example.org","password":"{PASSWORD}"}}"#);
    let answer = ask(server, ("POST", "/api/v1/sign-in"), &[], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookie = answer.header("set-cookie").expect("a cookie");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let json = answer.json();
    let mark = json["session"]["csrf_token"].as_str().expect("a mark");
    (cookie, mark.to_owned())
}

fn written(data: &Path) -> String {
    std::fs::read_to_string(data.with_extension("log")).expect("a log")
}

#[test]
fn a_member_is_made_from_the_command_line_and_stays_signed_in_across_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = Launch::on(&folder.path().join("data")).set("RAPPORT_LOG_LEVEL", "trace");
    let server = launch.start();
    let weak = add(&server, "ada@example.org", "short");
    assert!(!weak.status.success());
    assert!(String::from_utf8_lossy(&weak.stderr).contains("12 characters"));
    let made = add(&server, "ada@example.org", PASSWORD);
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(made.status.success(), "{made:?}");
    assert_eq!(said, "ada@example.org is member 1 with the role admin\n");
    assert!(
        !add(&server, "ada@example.org", PASSWORD).status.success(),
        "twice"
    );
    let (cookie, mark) = sign_in(&server);
    server.kill();

    let server = launch.start();
    let headers = [("cookie", &*cookie), ("x-csrf-token", &*mark)];
    let session = ask(&server, ("GET", "/api/v1/session"), &headers, "");
    assert_eq!(session.json()["member"]["email"], "ada@example.org");
    let out = ask(&server, ("POST", "/api/v1/sign-out"), &headers, "");
    assert_eq!(out.status, 204);
    server.kill();

    let server = launch.start();
    let session = ask(&server, ("GET", "/api/v1/session"), &headers, "");
    assert_eq!(session.status, 401, "what ended stays so");
    let audit = server.get("/api/v1/audit");
    let words: Vec<&str> = audit["results"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|record| record["what"].as_str())
        .collect();
    assert_eq!(words[..2], ["signed_out", "signed_in"]);
    assert!(server.stop().success());
    let id = cookie.split('=').nth(1).expect("an id");
    for secret in [PASSWORD, id, &mark, "argon2id", TOKEN] {
        assert!(
            !written(&launch.data).contains(secret),
            "{secret} is in the log"
        );
    }
    doctor(&launch.data).unwrap();
}
