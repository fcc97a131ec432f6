//! The examples of `docs/webhooks.md`, run by the programs they are written for.

use super::*;
use std::process::Command;

const DOCUMENT: &str = include_str!("../../../../../docs/webhooks.md");

/// The example in a language, as a reader would copy it.
fn example(language: &str) -> &'static str {
    let fence = format!("```{language}\n");
    let (_, behind) = DOCUMENT
        .split_once(&fence)
        .expect("the document has the example");
    behind.split_once("```").expect("the example ends").0
}

/// Secret, header, body and time, and whether they should hold.
fn cases(header: &str, body: &str) -> Vec<(String, String, String, i64, bool)> {
    let (secret, sent_at) = ("whsec_dairy", NOW.0 / 1_000);
    let case = |secret: &str, header: &str, body: &str, now, holds| {
        (
            secret.to_owned(),
            header.to_owned(),
            body.to_owned(),
            now,
            holds,
        )
    };
    let redated = header.replace(&sent_at.to_string(), &(sent_at + 1).to_string());
    vec![
        case(secret, header, body, sent_at, true),
        case(secret, header, body, sent_at + 299, true),
        case(secret, header, body, sent_at + 301, false),
        case("wrong", header, body, sent_at, false),
        case(secret, header, &format!("{body} "), sent_at, false),
        case(secret, &redated, body, sent_at, false),
        case(secret, "", body, sent_at, false),
        case(secret, "t=,v1=", body, sent_at, false),
        case(secret, "v1=00", body, sent_at, false),
    ]
}

/// What the example says to each case, asked of the language's own interpreter.
fn answers(program: &str, flag: &str, script: &str, cases: &str) -> String {
    let output = Command::new(program).args([flag, script, cases]).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("text")
        .trim()
        .to_owned()
}

#[tokio::test]
async fn the_examples_accept_what_is_sent_and_refuse_what_was_touched() {
    let receiver = Receiver::always(StatusCode::OK).await;
    send(&local(), receiver.url()).await;
    let seen = receiver.seen().remove(0);
    let cases = cases(seen.header("x-rapport-signature"), &seen.body);
    let expected = cases
        .iter()
        .map(|case| if case.4 { "1" } else { "0" })
        .collect::<String>();
    let cases = serde_json::to_string(&cases).expect("JSON");

    let python = format!(
        "{}\nimport json, sys\nprint(''.join(str(int(verify(s, h, b.encode(), n))) for s, h, b, n, _ in json.loads(sys.argv[1])))",
        example("python")
    );
    assert_eq!(
        answers("python3", "-c", &python, &cases),
        expected,
        "Python"
    );

    let node = format!(
        "{}\nconsole.log(JSON.parse(process.argv[1]).map(([s, h, b, n]) => +verify(s, h, Buffer.from(b), n)).join(''))",
        example("js")
    );
    assert_eq!(answers("node", "-e", &node, &cases), expected, "Node");
}
