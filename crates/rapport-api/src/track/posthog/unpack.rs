//! The ways PostHog's SDKs pack a body beside gzip: a form's `data`, Base64, and gzip inside.

use crate::track::body::{decompress, is_gzip};
use crate::track::refused::Refused;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The JSON inside of a body, at most `bytes_max` bytes of it. What is JSON already stays as it
/// is, whatever the query says: SDKs fall back to plain bodies and leave the parameter.
pub(super) fn unpack(parts: &Parts, body: Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, Refused> {
    unpacked(parts.uri.query().unwrap_or_default(), body, bytes_max)
}

/// The same of a body that was sent under this query.
pub(in crate::track) fn unpacked(
    query: &str,
    body: Vec<u8>,
    bytes_max: usize,
) -> Result<Vec<u8>, Refused> {
    if is_json(&body) {
        return Ok(body);
    }
    let compression = field(query.as_bytes(), "compression");
    if compression.as_deref() == Some(b"lz64") {
        let message = "lz64 is not understood here; use gzip-js or base64".to_owned();
        return Err(Refused::Packed(message));
    }
    let data = match field(&body, "data") {
        Some(data) => data.into_owned(),
        None => body,
    };
    if is_json(&data) {
        return Ok(data);
    }
    let plain = LENIENT
        .decode(standard(&data))
        .map_err(|error| Refused::Packed(format!("neither JSON nor Base64: {error}")))?;
    if is_gzip(&plain) {
        return decompress(&plain, bytes_max);
    }
    Ok(plain)
}

fn is_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // What is empty is refused as no JSON, in those words.
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'[') | None)
}

/// The value of a form's field, decoded.
fn field<'a>(form: &'a [u8], name: &str) -> Option<Cow<'a, [u8]>> {
    form.split(|byte| *byte == b'&').find_map(|pair| {
        let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(decoded(value))
    })
}

fn decoded(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'%') && !value.contains(&b'+') {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match (byte, hex(behind)) {
            (b'%', Some(code)) => {
                plain.push(code);
                rest = &behind[2..];
            }
            (b'+', _) => plain.push(b' '),
            _ => plain.push(byte),
        }
    }
    Cow::Owned(plain)
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| (*byte as char).to_digit(16);
    let (high, low) = (digit(digits.first()?)?, digit(digits.get(1)?)?);
    u8::try_from(high * 16 + low).ok()
}

/// Base64 in one alphabet: a form turns `+` into spaces, and URLs have an alphabet of their own.
fn standard(data: &[u8]) -> Vec<u8> {
    let bytes = data.trim_ascii().iter();
    bytes
        .map(|byte| match byte {
            b' ' | b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    const JSON: &[u8] = br#"{"event":"\u00e4??>>"}"#;

    fn parts(uri: &str) -> Parts {
        let request = Request::get(uri).body(()).expect("a request");
        request.into_parts().0
    }

    fn of_address(uri: &str, body: impl Into<Vec<u8>>) -> Result<Vec<u8>, String> {
        let unpacked = unpack(&parts(uri), body.into(), 1_000);
        unpacked.map_err(|refused| refused.code().to_owned())
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn every_packing_of_an_event_is_the_same_event() {
        let base64 = LENIENT.encode(JSON);
        let escaped = base64
            .replace('+', "%2B")
            .replace('/', "%2f")
            .replace('=', "%3D");
        let url_safe = base64.replace('+', "-").replace('/', "_").replace('=', "");
        let zipped = LENIENT.encode(gzip(JSON));
        let plain = String::from_utf8_lossy(JSON)
            .replace('%', "%25")
            .replace('"', "%22");
        for body in [
            String::from_utf8_lossy(JSON).into_owned(),
            base64.clone(),
            format!("data={escaped}"),
            format!("data={base64}"),
            format!("ip=1&data={url_safe}&ver=1.2"),
            format!("data={zipped}"),
            format!("data={plain}"),
        ] {
            for uri in ["/e/", "/e/?compression=base64", "/e/?compression=gzip-js"] {
                assert_eq!(
                    of_address(uri, body.clone()).as_deref(),
                    Ok(JSON),
                    "{uri} {body}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_unpacked_is_refused_with_its_reason() {
        assert_eq!(
            of_address("/e/?compression=lz64", "abc"),
            Err("invalid_packing".into())
        );
        assert_eq!(of_address("/e/", "data=!!!"), Err("invalid_packing".into()));
        let bomb = LENIENT.encode(gzip(&vec![b' '; 100_000]));
        assert_eq!(of_address("/e/", bomb), Err("body_too_large".into()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_unpacked_without_panic(body in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = of_address("/e/", body.clone());
            let _ = of_address("/e/", [b"data=".as_slice(), &body].concat());
        }
    }
}
