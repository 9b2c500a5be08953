//! How the rows of a stage are written: in formats whose bytes are reckoned by hand, so that no code under test has a say.

/// A format of the rows of the input and of the sinks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Encoding {
    Json,
    Csv,
    Avro,
}

impl Encoding {
    /// As `format` names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Avro => "avro",
        }
    }

    /// A row of the input: (id INT, n INT).
    pub(super) fn row(self, id: u32, n: u32) -> Vec<u8> {
        match self {
            Self::Json => format!("{{\"id\":{id},\"n\":{n}}}").into_bytes(),
            Self::Csv => format!("{id},{n}").into_bytes(),
            // Both may be NULL: each is the second of the union's types.
            Self::Avro => [zigzag(1), zigzag(id), zigzag(1), zigzag(n)].concat(),
        }
    }

    /// A row of a sink: (id INT NOT NULL, n INT).
    pub(super) fn read(self, row: &[u8]) -> (u32, u32) {
        match self {
            Self::Json => {
                let row: serde_json::Value = serde_json::from_slice(row).expect("JSON");
                let number =
                    |name: &str| u32::try_from(row[name].as_u64().expect("a number")).expect("a small one");
                (number("id"), number("n"))
            }
            Self::Csv => {
                let row = std::str::from_utf8(row).expect("UTF-8");
                let (id, n) = row.split_once(',').expect("two columns");
                (id.parse().expect("a number"), n.parse().expect("a number"))
            }
            Self::Avro => {
                let (id, rest) = unzigzag(row);
                let (branch, rest) = unzigzag(rest);
                let (n, rest) = unzigzag(rest);
                assert!(branch == 1 && rest.is_empty(), "{row:?}");
                (id, n)
            }
        }
    }
}

/// A number that is not negative, as Avro writes it.
fn zigzag(number: u32) -> Vec<u8> {
    let mut left = number << 1;
    let mut bytes = Vec::new();
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}

fn unzigzag(bytes: &[u8]) -> (u32, &[u8]) {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).expect("an end") + 1;
    let (number, rest) = bytes.split_at(length);
    let number = number.iter().rev().fold(0, |number, byte| number << 7 | u32::from(byte & 0x7f));
    assert!(number & 1 == 0, "it is negative");
    (number >> 1, rest)
}

/// The bytes of Avro's specification: 64 is written 0x80 0x01.
#[test]
fn rows_are_written_as_their_formats_say() {
    assert_eq!(Encoding::Avro.row(1, 64), [2, 2, 2, 0x80, 1]);
    assert_eq!(Encoding::Avro.read(&[2, 2, 0x80, 1]), (1, 64));
    assert_eq!((Encoding::Csv.row(1, 64), Encoding::Csv.read(b"1,64")), (b"1,64".to_vec(), (1, 64)));
}
