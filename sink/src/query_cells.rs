//! The cells of a query's change as bytes, on their way from the transform to whoever shows them.

/// Appends each cell behind its length; `None` is NULL.
pub(crate) fn write(cells: impl Iterator<Item = Option<Vec<u8>>>, out: &mut Vec<u8>) {
    for cell in cells {
        let length = cell.as_ref().map_or(NULL, |it| u32::try_from(it.len()).unwrap_or(NULL - 1));
        out.extend_from_slice(&length.to_be_bytes());
        out.extend(cell.iter().flatten());
    }
}

/// What was written.
pub(crate) fn read(mut bytes: &[u8]) -> Vec<Option<String>> {
    let mut cells = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length);
        let (cell, behind) = match length {
            NULL => (None, rest),
            // More than 4 GiB is in no record.
            length => {
                let (cell, behind) = rest.split_at((length as usize).min(rest.len()));
                (Some(String::from_utf8_lossy(cell).into_owned()), behind)
            }
        };
        cells.push(cell);
        bytes = behind;
    }
    cells
}

/// The length of what is not there.
const NULL: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_as_they_were() {
        let cells = [Some("a|\n".to_owned()), None, Some(String::new()), Some("ü".to_owned())];
        let mut bytes = Vec::new();
        write(cells.iter().map(|it| it.clone().map(String::into_bytes)), &mut bytes);
        assert_eq!(read(&bytes), cells);
        assert_eq!(bytes.len(), 4 * 4 + 3 + 2);
    }
}
