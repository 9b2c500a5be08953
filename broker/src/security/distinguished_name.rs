//! The subject of a certificate as Java writes it (`X500Principal.getName()`, RFC 2253), which is what Kafka calls a
//! client that shows it.

/// The subject of a certificate; `None` where its bytes are none of a certificate.
pub(super) fn of_certificate(certificate: &[u8]) -> Option<String> {
    let (SEQUENCE, certificate, _) = element(certificate)? else { return None };
    let (SEQUENCE, mut fields, _) = element(certificate)? else { return None };
    if fields.first() == Some(&VERSION) {
        fields = element(fields)?.2;
    }
    // The serial number, the signature's algorithm, the issuer and the validity.
    for _ in 0..4 {
        fields = element(fields)?.2;
    }
    let (SEQUENCE, name, _) = element(fields)? else { return None };
    of_name(name)
}

/// A name, the most special attribute first.
fn of_name(mut name: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    while !name.is_empty() {
        let (SET, attributes, rest) = element(name)? else { return None };
        parts.push(of_attributes(attributes)?);
        name = rest;
    }
    parts.reverse();
    Some(parts.join(","))
}

/// Attributes that stand together.
fn of_attributes(mut attributes: &[u8]) -> Option<String> {
    let mut all = Vec::new();
    while !attributes.is_empty() {
        let (SEQUENCE, attribute, rest) = element(attributes)? else { return None };
        let (OBJECT_IDENTIFIER, oid, value) = element(attribute)? else { return None };
        let (tag, text, _) = element(value)?;
        let shown = match (KEYWORDS.iter().find(|(of, _)| *of == oid), text_of(tag, text)) {
            (Some((_, keyword)), Some(text)) => format!("{keyword}={}", escaped(&text)),
            (Some((_, keyword)), None) => format!("{keyword}=#{}", hex(value)),
            (None, _) => format!("{}=#{}", dotted(oid), hex(value)),
        };
        all.push(shown);
        attributes = rest;
    }
    Some(all.join("+"))
}

/// The tag of the first element, what is in it, and what stands behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// A string of the kinds that are shown as such.
fn text_of(tag: u8, bytes: &[u8]) -> Option<String> {
    match tag {
        UTF8_STRING | PRINTABLE_STRING | IA5_STRING => String::from_utf8(bytes.to_vec()).ok(),
        // Latin-1, whose numbers are Unicode's.
        T61_STRING => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        BMP_STRING => {
            let units: Vec<_> = bytes.chunks_exact(2).map(|it| u16::from_be_bytes([it[0], it[1]])).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

/// Java's escapes: RFC 2253's, `=`, and every blank at either end.
fn escaped(text: &str) -> String {
    let blank = |it: char| it == ' ' || it == '\r';
    let from = text.find(|it| !blank(it)).unwrap_or(text.len());
    let until = text.rfind(|it| !blank(it)).unwrap_or(0);
    let mut escaped = String::new();
    for (at, it) in text.char_indices() {
        match it {
            ',' | '=' | '+' | '<' | '>' | '#' | ';' | '"' | '\\' => escaped.extend(['\\', it]),
            '\0' => escaped.push_str("\\00"),
            _ if at < from || at > until => escaped.extend(['\\', it]),
            _ => escaped.push(it),
        }
    }
    escaped
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An object identifier in numbers.
fn dotted(oid: &[u8]) -> String {
    let mut arcs = Vec::new();
    let mut arc = 0_u64;
    for byte in oid {
        arc = arc << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            arcs.push(std::mem::take(&mut arc));
        }
    }
    if let Some(first) = arcs.first().copied() {
        let two = if first < 80 { [first / 40, first % 40] } else { [2, first - 80] };
        arcs.splice(0..1, two);
    }
    arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const T61_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const BMP_STRING: u8 = 0x1e;
/// The tag of a certificate's version, which the oldest do not have.
const VERSION: u8 = 0xa0;

/// The attributes that RFC 2253 names; others are shown by number.
const KEYWORDS: &[(&[u8], &str)] = &[
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 100, 1, 25], "DC"),
    (&[9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 100, 1, 1], "UID"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that openssl made and what `X500Principal.getName()` of a JDK 17 calls them.
    const JAVA: &[(&str, &str)] = &[
        (
            "304b310b300906035504061302434831153013060355040a0c0c4578616d706c652c204c7464311330110603\
             55040b0c0a412b423d433b223c3e5c3110300e06035504030c0720616c69636520",
            "CN=\\ alice\\ ,OU=A\\+B\\=C\\;\\\"\\<\\>\\\\,O=Example\\, Ltd,C=CH",
        ),
        (
            "304d31143012060a0992268993f22c64011916047465737431123010060a0992268993f22c6401010c027531\
             3121301f06035504030c18d0bfd0bed0bbd18cd0b7d0bed0b2d0b0d182d0b5d0bbd18c",
            "CN=пользователь,UID=u1,DC=test",
        ),
        (
            "3047311d301b06092a864886f70d010901160e61406578616d706c652e74657374310a300806035504090c01\
             78310a30080603550405130137310e300c06035504030c052368617368",
            "CN=\\#hash,2.5.4.5=#130137,STREET=x,1.2.840.113549.1.9.1=#160e61406578616d706c652e74657374",
        ),
        (
            "302a3118300a060355040a0c036f6e65300a060355040b0c0374776f310e300c06035504030c056d756c7469",
            "CN=multi,O=one+OU=two",
        ),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<_> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    #[test]
    fn names_are_javas() {
        for (name, expected) in JAVA {
            let name = bytes(name);
            let (tag, name, rest) = element(&name).unwrap();
            assert_eq!((tag, rest.len()), (SEQUENCE, 0));
            assert_eq!(of_name(name).as_deref(), Some(*expected));
        }
    }

    #[test]
    fn bytes_that_are_no_certificate_have_no_name() {
        let name = bytes(JAVA[0].0);
        for length in 0..name.len() {
            assert_eq!(of_certificate(&name[..length]), None);
        }
        assert_eq!(of_certificate(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
