//! PEM (RFC 7468) as people have it: several blocks with text between them, on many lines or, in properties, on one.

use zeroize::Zeroizing;

/// One block.
pub(crate) struct Block {
    /// Between `BEGIN ` and the dashes.
    pub(crate) label: String,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// Whether there is PEM in it.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes())
}

/// Every block, in order.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let (mut rest, mut found) = (text, Vec::new());
    while let Some(at) = rest.find(BEGIN) {
        let (label, body) = rest[at + BEGIN.len()..].split_once(DASHES).ok_or(OPEN_ENDED)?;
        if !is_label(label) {
            return Err(OPEN_ENDED.to_owned());
        }
        let end = format!("{END}{label}{DASHES}");
        let (body, after) =
            body.split_once(&end).ok_or_else(|| format!("a PEM block without its '{end}'"))?;
        if body.contains("ENCRYPTED") && body.contains(':') {
            return Err(format!(
                "'{label}' is sealed in OpenSSL's own way, which Kafka does not read either; \
                 openssl pkcs8 -topk8 -in OLD -out NEW makes it PKCS#8"
            ));
        }
        let label = label.trim().to_owned();
        let der = decoded(body).map_err(|why| format!("the PEM block '{label}' {why}"))?;
        found.push(Block { label, der });
        if found.len() > BLOCKS_MAX {
            return Err(format!("PEM of more than {BLOCKS_MAX} blocks"));
        }
        rest = after;
    }
    Ok(found)
}

/// Whether it is what PEM calls things by. Where a first line lost its dashes, what looks like a label is the key itself,
/// and is shown to nobody.
fn is_label(text: &str) -> bool {
    let label = text.trim();
    label.len() <= LABEL_BYTES_MAX
        && label.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ')
}

/// Base64, with whitespace anywhere; headers before an empty line are left out.
fn decoded(body: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let body = match body.contains(':') {
        true => body.split_once("\n\n").or_else(|| body.split_once("\r\n\r\n")).map_or(body, |it| it.1),
        false => body,
    };
    let mut out = Zeroizing::new(Vec::with_capacity(body.len() / 4 * 3));
    let (mut bits, mut held, mut padding) = (0_u32, 0, 0);
    for byte in body.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return Err("has a character that is not base64".to_owned()),
        };
        if padding > 0 {
            return Err("goes on after its padding".to_owned());
        }
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
            bits &= (1 << held) - 1;
        }
    }
    match held {
        0 | 2 | 4 => Ok(out),
        _ => Err("ends early".to_owned()),
    }
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const OPEN_ENDED: &str = "a PEM block whose first line does not end";
/// The longest in use is `ENCRYPTED PRIVATE KEY`, beside `X509 CRL` and its like.
const LABEL_BYTES_MAX: usize = 32;
/// The system's authorities are some hundred and fifty.
const BLOCKS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_other_text_on_many_lines_or_on_one() {
        let many = "Bag Attributes\n    friendlyName: x\n-----BEGIN A B-----\nAQID\nBA==\n-----END A B-----\nmore\n\
                    -----BEGIN C-----\r\nBQ==\r\n-----END C-----\r\n";
        let one = "-----BEGIN A B----- AQID BA== -----END A B----- -----BEGIN C-----BQ==-----END C-----";
        for text in [many, one] {
            let found = blocks(text).unwrap();
            let found: Vec<_> = found.iter().map(|block| (&*block.label, block.der.to_vec())).collect();
            assert_eq!(found, [("A B", vec![1, 2, 3, 4]), ("C", vec![5])]);
        }
        assert!(is_pem(many.as_bytes()) && !is_pem(b"\x30\x82"));
    }

    #[test]
    fn a_key_whose_first_line_is_damaged_is_not_shown() {
        for text in [
            "-----BEGIN PRIVATE KEY----\nTOPSECRET+/=\n-----END PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEY\nTOPSECRET\n-----END PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEYTOPSECRETTOPSECRETTOPSECRETTOPSECRET-----END PRIVATE KEY-----",
        ] {
            let said = blocks(text).err().unwrap();
            assert_eq!(said, "a PEM block whose first line does not end", "{text}");
        }
    }

    #[test]
    fn what_is_no_block_says_why() {
        for (text, why) in [
            ("-----BEGIN A", "does not end"),
            ("-----BEGIN A-----AQ==", "without its '-----END A-----'"),
            ("-----BEGIN A-----A?==-----END A-----", "not base64"),
            ("-----BEGIN A-----A-----END A-----", "ends early"),
            ("-----BEGIN A-----AQ==AQ==-----END A-----", "after its padding"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: X\n\nAQ==\n-----END RSA PRIVATE KEY-----",
                "openssl pkcs8 -topk8",
            ),
        ] {
            let said = blocks(text).err().unwrap();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
