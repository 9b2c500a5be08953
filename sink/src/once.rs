//! The format of what is no bytes: one row without columns, whatever the message.

use std::future::ready;
use std::sync::Arc;

use crate::format::{DecodeError, Decoder, DecodingFormat, OpenContext, Waiting};
use crate::row::{Arena, Row, RowKind};

/// Gives one row without columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Once;

impl DecodingFormat for Once {
    fn open<'a>(&'a self, _: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Decoder>> {
        Box::pin(ready(Ok(Arc::new(Self) as Arc<dyn Decoder>)))
    }
}

impl Decoder for Once {
    fn decode<'a>(
        &self,
        _: Option<&'a [u8]>,
        _: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        each(RowKind::Insert, Some(&[]));
        Ok(())
    }
}
